using System.Net.WebSockets;
using System.Text;

namespace SdStudio.Load;

/// <summary>What a crowd of onlookers costs the job that runs.</summary>
internal static class CrowdLoad
{
    private const int Pollers = 200;
    private const int Sockets = 50;
    private const int Steps = 40;
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(int rounds)
    {
        string data = Directory.CreateTempSubdirectory("sdstudio-load-").FullName;
        using (Studio studio = await Studio.StartAsync(data))
            await CompareAsync(studio, rounds);
        Directory.Delete(data, recursive: true);
    }

    private static async Task CompareAsync(Studio studio, int rounds)
    {
        await studio.GenerateAsync(Steps);
        List<double> alone = [], crowded = [], polls = [];
        // By turns, so that whatever else the machine does hits both.
        for (int round = 0; round < rounds; round++)
        {
            alone.Add(await studio.GenerateAsync(Steps));
            using var leave = new CancellationTokenSource();
            Task crowd = Task.WhenAll(
                [.. Enumerable.Range(0, Pollers).Select(i => PollAsync(studio, polls, i, leave.Token)),
                 .. Enumerable.Range(0, Sockets).Select(_ => ListenAsync(studio, leave.Token))]);
            crowded.Add(await studio.GenerateAsync(Steps));
            await leave.CancelAsync();
            await crowd;
        }

        alone.Sort();
        crowded.Sort();
        double ratio = Figures.At(crowded, .5) / Figures.At(alone, .5);
        Console.WriteLine(FormattableString.Invariant($"job alone: median {Figures.At(alone, .5):F0} ms; beside {Pollers} pollers and {Sockets} WebSockets: {Figures.At(crowded, .5):F0} ms; ratio {ratio:F3}"));
        Console.WriteLine($"GET /api/queue meanwhile: {Figures.Of(polls)}");
    }

    private static async Task PollAsync(Studio studio, List<double> times, int index, CancellationToken leave)
    {
        try
        {
            // Not all in the same moment.
            await Task.Delay(PollEvery * index / Pollers, leave);
            while (true)
            {
                double time = await studio.TimeAsync("/api/queue?limit=20");
                lock (times)
                    times.Add(time);
                await Task.Delay(PollEvery, leave);
            }
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }
    }

    private static async Task ListenAsync(Studio studio, CancellationToken leave)
    {
        using var socket = new ClientWebSocket();
        var buffer = new byte[64 * 1024];
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{studio.Address.Authority}/ws"), leave);
            await socket.SendAsync(Encoding.UTF8.GetBytes("""{"type":"subscribe","channel":"queue"}"""), WebSocketMessageType.Text, endOfMessage: true, leave);
            while (true)
                await socket.ReceiveAsync(buffer.AsMemory(), leave);
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }
    }
}
