using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A server whose engine ends its process comes back, and its clients notice no more than a broken line.</summary>
public sealed class WatcherTests : IDisposable
{
    private const int Clients = 4;

    // The figures of benchmarks/README.md are those of 50.
    private static readonly int Aborts = int.TryParse(Environment.GetEnvironmentVariable("SDSTUDIO_ABORTS"), out int aborts) ? aborts : 4;

    private readonly string _data = ServerProcess.NewFolder();
    private int _images;
    private int _refused;
    private int _broken;
    private int _sent;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_data))
            Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Aborts_under_load_refuse_nobody_and_lose_no_job()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are looked up in /proc.");
        using ServerProcess watcher = await StartAsync();
        using var over = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(client => AskAsync(watcher, client, over.Token))];
        List<double> waits = [];
        for (int abort = 0; abort < Aborts; abort++)
        {
            // After an image: a job that is hit twice is not tried a third time.
            await NextImageAsync();
            int server = await ServerOfAsync(watcher);
            await SignalAsync("ABRT", server);
            while (Directory.Exists($"/proc/{server}"))
                await Task.Delay(5, Cancellation);
            long died = Stopwatch.GetTimestamp();
            await NextImageAsync();
            waits.Add(Stopwatch.GetElapsedTime(died).TotalSeconds);
        }

        await over.CancelAsync();
        await Task.WhenAll(clients);

        waits.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Aborts} aborts, {_sent} requests, {_images} images, {_broken} broken lines, {_refused} refused; death to next image: median {waits[waits.Count / 2]:0.00} s, longest {waits[^1]:0.00} s"));
        Assert.Equal(0, _refused);
        Assert.Equal(_sent, _images);
        JsonElement queue = await GetAsync(watcher, "/api/queue?limit=1000");
        Assert.All(queue.GetProperty("jobs").EnumerateArray(), job => Assert.Equal("completed", job.GetProperty("status").GetString()));
        Assert.Equal(_sent, queue.GetProperty("total").GetInt32());
        JsonElement health = await GetAsync(watcher, "/api/health");
        Assert.Equal(Aborts, health.GetProperty("restarts").GetInt32());
        Assert.StartsWith("an abort (SIGABRT)", health.GetProperty("last_end").GetProperty("reason").GetString(), StringComparison.Ordinal);
        JsonElement logs = await GetAsync(watcher, "/api/logs?level=error&limit=50");
        Assert.Contains(logs.GetProperty("logs").EnumerateArray(), line => line.GetProperty("message").GetString()!.Contains("ended by an abort (SIGABRT)", StringComparison.Ordinal));
        Assert.Equal(0, await watcher.SignalAsync("TERM"));
    }

    [Fact]
    public async Task A_stop_ends_both_and_a_dead_watcher_takes_its_server_with_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are looked up in /proc.");
        using (ServerProcess watcher = await StartAsync())
        {
            int server = await ServerOfAsync(watcher);
            Assert.Equal(0, await watcher.SignalAsync("TERM"));
            Assert.False(Directory.Exists($"/proc/{server}"));
        }

        using ServerProcess killed = await StartAsync();
        int left = await ServerOfAsync(killed);
        await killed.SignalAsync("KILL");
        while (Directory.Exists($"/proc/{left}"))
            await Task.Delay(20, Cancellation);
    }

    [Fact]
    public async Task A_server_that_cannot_start_is_not_started_again()
    {
        using ServerProcess watcher = ServerProcess.Launch(_data, port: 0, ("SdStudio__Watch", "true"), ("SdStudio__Threads", "many"));

        Assert.Equal(1, await watcher.WaitForExitAsync());
        Assert.Contains("SdStudio:Threads", Assert.Single(watcher.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)), StringComparison.Ordinal);
    }

    private Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(_data, ("SdStudio__Watch", "true"));

    // One request after the other; when the line breaks, the same once more under the same key.
    private async Task AskAsync(ServerProcess watcher, int client, CancellationToken over)
    {
        for (int number = 0; !over.IsCancellationRequested; number++)
        {
            Interlocked.Increment(ref _sent);
            while (!await GetImageAsync(watcher, $"{client}-{number}"))
                Interlocked.Increment(ref _broken);
            Interlocked.Increment(ref _images);
        }
    }

    private async Task<bool> GetImageAsync(ServerProcess watcher, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/generate")
        {
            Content = new StringContent("""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":4,"seed":1}""", Encoding.UTF8, "application/json"),
            Headers = { { "Idempotency-Key", key } },
        };
        try
        {
            using HttpResponseMessage response = await watcher.Client.SendAsync(request, Cancellation);
            Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync(Cancellation));
            JsonElement answer = await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
            Assert.Equal(1, answer.GetProperty("data").GetArrayLength());
            return true;
        }
        catch (HttpRequestException exception)
        {
            if (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                Interlocked.Increment(ref _refused);
            return false;
        }
    }

    private async Task NextImageAsync()
    {
        int known = Volatile.Read(ref _images);
        while (Volatile.Read(ref _images) == known)
            await Task.Delay(5, Cancellation);
    }

    private static async Task<int> ServerOfAsync(ServerProcess watcher)
    {
        string children = $"/proc/{watcher.Id}/task/{watcher.Id}/children";
        while (true)
        {
            string[] ids = (await File.ReadAllTextAsync(children, Cancellation)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (ids.Length == 1)
                return int.Parse(ids[0], CultureInfo.InvariantCulture);
            await Task.Delay(5, Cancellation);
        }
    }

    private static async Task SignalAsync(string name, int process)
    {
        using Process kill = Process.Start("kill", ["-" + name, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Cancellation);
    }

    private static async Task<JsonElement> GetAsync(ServerProcess server, string path) =>
        await server.Client.GetFromJsonAsync(new Uri(path, UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
}
