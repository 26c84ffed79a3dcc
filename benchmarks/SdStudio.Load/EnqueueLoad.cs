using System.Diagnostics;
using System.Text;

namespace SdStudio.Load;

/// <summary>Many jobs at once, against another build of the server.</summary>
internal static class EnqueueLoad
{
    private const int Clients = 8;
    private const int Requests = 1000;
    private const string Job = """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","seed":7,"steps":4}""";

    /// <summary>A thousand jobs from eight clients, again and again with a paused queue, each build by turns.</summary>
    /// <param name="other">The other build's SdStudio.Server.dll; null for this one alone.</param>
    /// <param name="current">This build's, where it is not the one beside the program: that is not compiled beforehand.</param>
    /// <param name="rounds">How often each server is started.</param>
    public static Task RunAsync(string? other, string? current, int rounds) =>
        CompareAsync(other is null ? [new Build("this", current)] : [new Build("other", other), new Build("this", current)], rounds);

    /// <summary>The same with and without what looks at the server from outside: figures for Prometheus, traces and metrics sent to a collector.</summary>
    /// <param name="collector">Where it listens for OTLP, such as http://127.0.0.1:4318; null to measure the figures alone.</param>
    /// <param name="rounds">How often each server is started.</param>
    public static Task TelemetryAsync(string? collector, int rounds) => CompareAsync(
        [
            new Build("off", null),
            new Build("figures", null, ("SdStudio__Metrics", "true")),
            .. collector is null ? Array.Empty<Build>() : [new Build("sent", null, ("SdStudio__Metrics", "true"), ("OTEL_EXPORTER_OTLP_ENDPOINT", collector), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"))],
        ],
        rounds);

    private sealed record Build(string Name, string? Server, params (string Name, string Value)[] Settings);

    private static async Task CompareAsync(Build[] builds, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string name, string? server, (string, string)[] settings) in builds)
            {
                string data = Directory.CreateTempSubdirectory("sdstudio-load-").FullName;
                SdCpp.Interop.DemoModel.Write(Path.Combine(data, "models"));
                long began = Stopwatch.GetTimestamp();
                using (Studio studio = await Studio.StartAsync(data, server, [.. settings, ("SdStudio__Queue__MaxWaiting", "100000")]))
                {
                    double open = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                    await PostAsync(studio, "/api/queue/pause", "{}");
                    // The first is answered when the engine is loaded.
                    await PostAsync(studio, "/api/queue/generate", Job);
                    double ready = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                    Console.Write(FormattableString.Invariant($"{name,-7} open {open:F0} ms, first job {ready:F0} ms, RSS {studio.Rss >> 20} MiB; a thousand:"));
                    for (int times = 0; times < 5; times++)
                        await ThousandAsync(studio);
                    Console.WriteLine(FormattableString.Invariant($" RSS {studio.Rss >> 20} MiB"));
                }

                Directory.Delete(data, recursive: true);
            }
        }
    }

    private static async Task ThousandAsync(Studio studio)
    {
        TimeSpan before = studio.ProcessorTime;
        long began = Stopwatch.GetTimestamp();
        int left = Requests;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            using var connection = await PlainConnection.OpenAsync(studio.Address);
            while (Interlocked.Decrement(ref left) >= 0)
                await connection.PostAsync("/api/queue/generate", Job);
        })));
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.Write(FormattableString.Invariant($" {Requests / seconds:F0}/s ({(studio.ProcessorTime - before).TotalMicroseconds / Requests:F0} µs of processor each)"));
    }

    private static async Task PostAsync(Studio studio, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await studio.Http.PostAsync(new Uri(path, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }
}
