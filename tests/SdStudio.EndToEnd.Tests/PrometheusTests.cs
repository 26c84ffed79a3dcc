using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Debian's Prometheus reads the server's figures with its key, and answers what the dashboard asks.</summary>
public sealed class PrometheusTests : IDisposable
{
    private const string Program = "/usr/bin/prometheus";
    private readonly string _folder = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Prometheus_scrapes_the_server_and_every_panel_of_the_dashboard_has_an_answer()
    {
        string? problem = File.Exists(Program) ? null : DebianPackages.Install("prometheus");
        Assert.SkipUnless(File.Exists(Program), $"prometheus cannot be installed: {problem}");
        using ServerProcess server = await ServerProcess.StartAsync(
            Path.Combine(_folder, "data"), ("SdStudio__Metrics", "true"), ("SdStudio__Security__ApiKey", "a-key-for-tests"));
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", "a-key-for-tests");
        await server.GenerateAsync("""{"model":"demo","prompt":"a secret prompt","size":"32x32","steps":2,"n":2}""");
        string settings = Path.Combine(_folder, "prometheus.yml");
        await File.WriteAllTextAsync(settings, $"""
            scrape_configs:
              - job_name: sdstudio
                scrape_interval: 1s
                scrape_timeout: 1s
                authorization: {"{"} credentials: a-key-for-tests {"}"}
                static_configs:
                  - targets: ["127.0.0.1:{server.Client.BaseAddress!.Port}"]
            """, Cancellation);
        int port = FreePort.Find();
        using Process prometheus = Process.Start(new ProcessStartInfo(
            Program, [$"--config.file={settings}", $"--storage.tsdb.path={_folder}/tsdb", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]))!;
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            Assert.Equal("2", await ValueAsync(client, prometheus, "sum(sdstudio_images_total{model=\"demo\"})"));
            Assert.Equal("2", await ValueAsync(client, prometheus, "sum(sdstudio_phase_duration_seconds_count{phase=\"save\"})"));
            await ValueAsync(client, prometheus, "sdstudio_queue_jobs{status=\"pending\"}");
            string dashboard = await File.ReadAllTextAsync(Path.Combine(ServerProcess.Repository, "docs", "grafana.json"), Cancellation);
            using JsonDocument parsed = JsonDocument.Parse(dashboard);
            foreach (string query in Expressions(parsed.RootElement))
            {
                JsonElement answer = await QueryAsync(client, query);
                Assert.True(answer.GetProperty("status").GetString() == "success", $"{query}: {answer}");
            }
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static IEnumerable<string> Expressions(JsonElement dashboard) =>
        from panel in dashboard.GetProperty("panels").EnumerateArray()
        from target in panel.GetProperty("targets").EnumerateArray()
        select target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "1m", StringComparison.Ordinal);

    // The first figure that there is; it is there once Prometheus has looked.
    private static async Task<string> ValueAsync(HttpClient client, Process prometheus, string query)
    {
        while (true)
        {
            Assert.False(prometheus.HasExited, "Prometheus has ended.");
            try
            {
                JsonElement answer = await QueryAsync(client, query);
                if (answer.GetProperty("status").GetString() == "success" && answer.GetProperty("data").GetProperty("result") is { } result && result.GetArrayLength() > 0)
                    return result[0].GetProperty("value")[1].GetString()!;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(50, Cancellation);
        }
    }

    private static async Task<JsonElement> QueryAsync(HttpClient client, string query)
    {
        using HttpResponseMessage response = await client.GetAsync(
            new Uri(string.Create(CultureInfo.InvariantCulture, $"/api/v1/query?query={Uri.EscapeDataString(query)}"), UriKind.Relative), Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        return text.StartsWith('{') ? JsonSerializer.Deserialize(text, JsonContext.Default.JsonElement) : throw new HttpRequestException(text);
    }
}
