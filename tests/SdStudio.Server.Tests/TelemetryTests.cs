using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SdStudio.Tests;

namespace SdStudio.Server.Tests;

/// <summary>The server as Prometheus and a receiver of OTLP see it.</summary>
public sealed partial class TelemetryTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-telemetry").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await Task.CompletedTask;
        Directory.Delete(_folder, recursive: true);
    }

    [GeneratedRegex(@"sdstudio_\w+")]
    private static partial Regex MetricName();

    [Fact]
    public async Task Prometheus_reads_jobs_phases_and_images_with_the_key_only()
    {
        await using StudioServer studio = await StudioServer.StartAsync(_folder, "--SdStudio:Metrics=true", "--SdStudio:Security:ApiKey=a-key-for-tests");
        Assert.Equal(HttpStatusCode.Unauthorized, (await studio.GetAsync("/metrics")).Status);
        studio.Http.DefaultRequestHeaders.Add("Authorization", "Bearer a-key-for-tests");
        await studio.GenerateImagesAsync("""{"model":"demo","prompt":"a secret prompt","size":"32x32","steps":2,"n":2}""");

        // The row of a job is written before it is counted.
        string text;
        do
            text = await studio.Http.GetStringAsync("/metrics", Cancellation);
        while (!text.Contains("sdstudio_images_total{", StringComparison.Ordinal));

        Assert.Matches("""sdstudio_images_total\{[^}]*model="demo"[^}]*\} 2\b""", text);
        Assert.Matches("""sdstudio_job_duration_seconds_count\{[^}]*status="completed"[^}]*\} 1\b""", text);
        Assert.Matches("""sdstudio_queue_wait_duration_seconds_count\{[^}]*type="generate"[^}]*\} 1\b""", text);
        Assert.Matches("""sdstudio_phase_duration_seconds_count\{[^}]*phase="sample"[^}]*\} 2\b""", text);
        Assert.Matches("""sdstudio_phase_duration_seconds_count\{[^}]*phase="save"[^}]*\} 2\b""", text);
        Assert.Matches("""sdstudio_step_duration_seconds_count\{[^}]*model="demo"[^}]*\} 2\b""", text);
        Assert.Matches("""http_server_request_duration_seconds_count\{[^}]*http_route="/api/generate"[^}]*\} 1\b""", text);
        Assert.Matches("""sdstudio_queue_jobs\{[^}]*status="pending"[^}]*\} """, text);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        await studio.StopAsync();
    }

    [Fact]
    public async Task Without_the_setting_there_are_no_metrics()
    {
        await using StudioServer studio = await StudioServer.StartAsync(_folder);
        Assert.Equal(HttpStatusCode.NotFound, (await studio.GetAsync("/metrics")).Status);
    }

    [Fact]
    public async Task One_trace_leads_from_the_request_to_the_image()
    {
        await using var receiver = new Receiver();
        await using (StudioServer studio = await StudioServer.StartAsync(
            _folder, $"--OTEL_EXPORTER_OTLP_TRACES_ENDPOINT={receiver.Address}v1/traces", "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "--OTEL_BSP_SCHEDULE_DELAY=50"))
        {
            using HttpContent body = StudioServer.Json("""{"model":"demo","prompt":"a secret prompt","size":"32x32","steps":2}""");
            await studio.SendAsync(HttpMethod.Post, "/api/generate", body, ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
            while (!receiver.Has("save") || !receiver.Has("job") || !receiver.Has("POST /api/generate"))
                await Task.Delay(20, Cancellation);
        }

        string trace = Assert.Single(receiver.TracesOf("POST /api/generate")
            .Intersect(receiver.TracesOf("job")).Intersect(receiver.TracesOf("sample")).Intersect(receiver.TracesOf("decode")).Intersect(receiver.TracesOf("save")));
        // Whoever sends a request does not choose its trace.
        Assert.NotEqual("0AF7651916CD43DD8448EB211C80319C", trace);
        Assert.False(receiver.Contains("secret"));
    }

    [Fact]
    public void The_dashboard_asks_for_what_is_measured()
    {
        string folder = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../.."));
        string dashboard = File.ReadAllText(Path.Combine(folder, "docs", "grafana.json"));
        using JsonDocument parsed = JsonDocument.Parse(dashboard);
        string source = string.Concat(Directory.EnumerateFiles(Path.Combine(folder, "src/SdStudio.Server/Queue"), "*.cs").Select(File.ReadAllText));
        foreach (string name in MetricName().Matches(dashboard).Select(match => match.Value).Distinct())
        {
            string instrument = Regex.Replace(name, "(_seconds|_bytes)?(_total|_bucket|_sum|_count)?$", "").Replace('_', '.');
            Assert.Contains($"\"{instrument}\"", source, StringComparison.Ordinal);
        }
    }

    private static string ThisFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

    /// <summary>What a collector is to an exporter: takes what is sent and keeps it. No ASP.NET, whose requests would be traced themselves.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentBag<byte[]> _sent = [];
        private readonly Task _receiving;

        public Receiver()
        {
            Address = $"http://127.0.0.1:{FreePort.Find()}/";
            _listener.Prefixes.Add(Address);
            _listener.Start();
            _receiving = ReceiveAsync();
        }

        public string Address { get; }

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _receiving;
        }

        private async Task ReceiveAsync()
        {
            while (_listener.IsListening)
            {
                try
                {
                    HttpListenerContext context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    if (context.Request.RawUrl == "/v1/traces")
                        _sent.Add(body.ToArray());
                    context.Response.Close();
                }
                catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
                {
                    // It was closed.
                }
            }
        }

        public bool Contains(string text) => _sent.Any(message => message.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

        public bool Has(string span) => TracesOf(span).Any();

        /// <summary>The traces that have a span of that name.</summary>
        public IEnumerable<string> TracesOf(string span)
        {
            // A span in OTLP: field 1, 16 bytes of trace; then its own id, its parent's, and field 5, its name.
            byte[] name = [0x2A, (byte)span.Length, .. Encoding.UTF8.GetBytes(span)];
            foreach (byte[] message in _sent)
            {
                for (int at = message.AsSpan().IndexOf(name); at >= 0; at = Next(message, name, at))
                {
                    int start = message.AsSpan(0, at).LastIndexOf([(byte)0x0A, (byte)0x10]);
                    if (start >= 0)
                        yield return Convert.ToHexString(message, start + 2, 16);
                }
            }
        }

        private static int Next(byte[] message, byte[] name, int at)
        {
            int next = message.AsSpan(at + 1).IndexOf(name);
            return next < 0 ? -1 : at + 1 + next;
        }
    }
}
