using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Tests;

/// <summary>What answers say to whom, and what others on the machine can read.</summary>
public sealed class PrivacyTests(Workshop studio)
{
    private const string Small = """{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_answer_has_the_headers_that_keep_browsers_from_harm()
    {
        (string id, string[] images) = await studio.Server.GenerateImagesAsync(Small);
        foreach (string path in new[]
        {
            "/", "/docs/", "/openapi/v1.json", "/api/health", "/api/queue", "/api/events", $"/api/generations/{id}", $"/api/images/{images[0]}",
            $"/api/images/{images[0]}/thumbnail", "/api/nothing", "/api/queue?limit=x", "/sdapi/v1/options", "/v1/models", "/v1/models/nothing",
        })
        {
            using HttpResponseMessage response = await studio.Server.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            string Header(string name) => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(",", values) : "";
            Assert.True(Header("X-Content-Type-Options") == "nosniff", path);
            Assert.True(Header("Cross-Origin-Resource-Policy") == "same-origin", path);
            Assert.True(Header("Referrer-Policy") == "no-referrer", path);
            Assert.Contains("frame-ancestors 'none'", Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.StartsWith("default-src 'none'", Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.True(Header("Server").Length == 0, path);
            bool isJson = response.Content.Headers.ContentType?.MediaType == "application/json";
            Assert.True(!isJson || response.Headers.CacheControl?.NoStore == true, path);
        }
    }

    [Fact]
    public async Task Logs_name_no_folder_of_the_server()
    {
        await studio.Server.GenerateAsync("""{"model":"black","prompt":"a red circle","steps":1}""");
        (string id, _) = await studio.Server.GenerateImagesAsync(Small);

        foreach (string path in new[] { "/api/logs?level=debug&limit=1000", $"/api/generations/{id}/logs?limit=1000" })
        {
            (_, JsonElement body) = await studio.Server.GetAsync(path);
            string[] lines = [.. body.GetProperty("logs").EnumerateArray().Select(line => line.GetProperty("message").GetString()!)];
            Assert.NotEmpty(lines);
            Assert.DoesNotContain(lines, line => line.Contains(Path.GetDirectoryName(studio.Server.Folder)!, StringComparison.Ordinal));
            Assert.DoesNotContain(lines, line => line.Contains(AppContext.BaseDirectory, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("loading '/etc/some folder/a model.gguf' now", "loading 'a model.gguf' now")]
    [InlineData("loading /etc/x/model.gguf, then /tmp/y.gguf", "loading model.gguf, then y.gguf")]
    [InlineData("DATA/models/a.gguf is damaged", "models/a.gguf is damaged")]
    [InlineData("POST /api/models/download fetches what is missing", "POST /api/models/download fetches what is missing")]
    [InlineData("12/20 steps, 3.5 it/s, http://localhost/etc/x", "12/20 steps, 3.5 it/s, http://localhost/etc/x")]
    public void A_path_is_shortened_to_what_may_be_known(string text, string expected)
    {
        var options = Microsoft.Extensions.Options.Options.Create(new Settings.StudioOptions { DataDirectory = studio.NewDataFolder() });
        using var folders = new Settings.DataFolders(options);
        var paths = new ServerPaths(folders, options);

        Assert.Equal(expected, paths.Shorten(text.Replace("DATA", folders.Root, StringComparison.Ordinal)));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task The_data_directory_is_its_users_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other rights.");
        string folder = studio.NewDataFolder();
        string old = Path.Combine(folder, "images", "old.png");
        Directory.CreateDirectory(Path.GetDirectoryName(old)!);
        File.WriteAllText(old, "of an earlier version");
        foreach (string open in new[] { folder, Path.GetDirectoryName(old)! })
            File.SetUnixFileMode(open, (UnixFileMode)0b111_101_101);
        foreach (string open in new[] { old, Path.Combine(folder, "models.yml") })
            File.SetUnixFileMode(open, (UnixFileMode)0b110_100_100);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        await server.GenerateImagesAsync(Small);

        foreach (string path in new[] { "", "images", "inputs", "thumbnails" })
            Assert.True(File.GetUnixFileMode(Path.Combine(folder, path)) == (UnixFileMode)0b111_000_000, path);
        string[] files = [.. Directory.EnumerateFiles(folder), .. Directory.EnumerateFiles(Path.Combine(folder, "images"))];
        Assert.Contains(Path.Combine(folder, "sdstudio.db-wal"), files);
        Assert.Contains(old, files);
        foreach (string file in files)
            Assert.True(File.GetUnixFileMode(file) == (UnixFileMode)0b110_000_000, file);
    }

    [Fact]
    public async Task Wrong_keys_slow_an_address_down_and_the_log_says_so()
    {
        await using StudioServer server = await StudioServer.StartAsync(
            studio.NewDataFolder(), "--SdStudio:Security:ApiKey=a-key-of-some-length", "--SdStudio:Security:ApiKeys:bob=bob-has-this-key");
        (string, string) known = ("X-API-Key", "a-key-of-some-length"), unseen = ("X-API-Key", "bob-has-this-key");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Get, "/api/queue", null, known)).Status);
        List<HttpStatusCode> answers = [];
        for (int i = 0; i < 60; i++)
            answers.Add((await server.SendAsync(HttpMethod.Get, i % 2 == 0 ? "/api/queue" : "/api/config", null, ("X-API-Key", $"guess-number-{i}"))).Status);

        Assert.Equal(HttpStatusCode.Unauthorized, answers[0]);
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        Assert.True(answers.Count(status => status == HttpStatusCode.TooManyRequests) >= 30, string.Join(' ', answers));
        // A guess that is right is not told from one that is wrong.
        using var guess = new HttpRequestMessage(HttpMethod.Get, "/api/queue") { Headers = { { unseen.Item1, unseen.Item2 } } };
        using HttpResponseMessage refused = await server.Http.SendAsync(guess, Cancellation);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        // Who was let in before is not shut out by others; without a key it is the missing key as ever.
        (HttpStatusCode status, JsonElement logs) = await server.SendAsync(HttpMethod.Get, "/api/logs?level=warn", null, known);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Single(logs.GetProperty("logs").EnumerateArray(), line => line.GetProperty("message").GetString()!.StartsWith("Many wrong API keys from 127.0.0.1", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync("/api/queue")).Status);
        while ((await server.SendAsync(HttpMethod.Get, "/api/queue", null, unseen)).Status != HttpStatusCode.OK)
            await Task.Delay(50, Cancellation);
    }
}
