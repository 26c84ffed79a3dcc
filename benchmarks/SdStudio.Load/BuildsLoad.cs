using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace SdStudio.Load;

/// <summary>Builds of the server by turns: what a start, an image and an answer cost with each.</summary>
internal static class BuildsLoad
{
    private const int Clients = 4;
    private const int Requests = 1000;
    // A thousand answers take a tenth of a second, of which the noise is a fifth.
    private const int Answers = 20_000;
    private const int Images = 20;
    private const string Job = """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","seed":7,"steps":4}""";

    /// <summary>Prints the medians of each build.</summary>
    /// <param name="rounds">How often each is started.</param>
    /// <param name="servers">The builds' SdStudio.Server.dll.</param>
    public static async Task RunAsync(int rounds, string[] servers)
    {
        var figures = servers.Select(_ => new SortedDictionary<string, List<double>>(StringComparer.Ordinal)).ToArray();
        string[] folders = [.. servers.Select(_ => Directory.CreateTempSubdirectory("sdstudio-load-").FullName)];
        // A first start makes the demo model and the database; it is not counted.
        for (int round = -1; round < rounds; round++)
        {
            for (int build = 0; build < servers.Length; build++)
                await RoundAsync(servers[build], folders[build], round < 0 ? new(StringComparer.Ordinal) : figures[build]);
            Print(figures, round);
        }

        Array.ForEach(folders, folder => Directory.Delete(folder, recursive: true));
    }

    private static void Print(SortedDictionary<string, List<double>>[] figures, int round)
    {
        Console.WriteLine(FormattableString.Invariant($"medians of {round + 1}"));
        foreach (string name in figures[0].Keys)
        {
            IEnumerable<string> medians = figures.Select(of => Median(of[name]).ToString("F1", CultureInfo.InvariantCulture).PadLeft(9));
            Console.WriteLine($"{name,-55} {string.Join("  ", medians)}");
        }
    }

    private static async Task RoundAsync(string server, string data, SortedDictionary<string, List<double>> figures)
    {
        long began = Stopwatch.GetTimestamp();
        using Studio studio = await Studio.StartAsync(data, server, ("SdStudio__Queue__MaxWaiting", "100000"));
        await ReadyAsync(studio);
        Note("1 start: ms until the engine is ready", Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        Note("1 start: ms of processor until then", studio.ProcessorTime.TotalMilliseconds);
        await Task.Delay(TimeSpan.FromSeconds(15));
        Note("1 start: MB of memory 15 s later", studio.Rss / 1e6);
        // The model is loaded, and the first methods are compiled.
        for (int image = 0; image < 5; image++)
            await PostAsync(studio, "/api/generate");
        await MeasureAsync("2 image of 64 x 64, 4 steps", Images, clients: 1, () => PostAsync(studio, "/api/generate"));
        await PostAsync(studio, "/api/queue/pause");
        await MeasureAsync("3 POST /api/queue/generate", Requests, Clients, () => PostAsync(studio, "/api/queue/generate"));
        foreach (string path in new[] { "/api/queue", "/api/queue?limit=20", "/api/generations" })
        {
            await MeasureAsync("", Answers / 4, Clients, () => studio.TimeAsync(path));
            await MeasureAsync("4 GET " + path, Answers, Clients, () => studio.TimeAsync(path));
        }

        Note("5 MB of memory after all of it", studio.Rss / 1e6);
        await PostAsync(studio, "/api/queue/cancel-all");
        await PostAsync(studio, "/api/queue/resume");

        async Task MeasureAsync(string name, int count, int clients, Func<Task> request)
        {
            TimeSpan before = studio.ProcessorTime;
            long start = Stopwatch.GetTimestamp();
            int left = count;
            await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                    await request();
            })));
            if (name.Length == 0)
                return;
            Note(name + ": a second", count / Stopwatch.GetElapsedTime(start).TotalSeconds);
            Note(name + ": µs of processor each", (studio.ProcessorTime - before).TotalMicroseconds / count);
        }

        void Note(string name, double value)
        {
            if (!figures.TryGetValue(name, out List<double>? values))
                figures.Add(name, values = []);
            values.Add(value);
        }
    }

    // Older builds do not have this address: they open their port when the engine is ready.
    private static async Task ReadyAsync(Studio studio)
    {
        while (true)
        {
            using HttpResponseMessage response = await studio.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound)
                return;
            await Task.Delay(5);
        }
    }

    private static async Task PostAsync(Studio studio, string path)
    {
        using var content = new StringContent(Job, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await studio.Http.PostAsync(new Uri(path, UriKind.Relative), content);
        await response.Content.ReadAsByteArrayAsync();
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{path}: {response.StatusCode}");
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
