using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SdStudio.Server.Tests;

/// <summary>Mirrors that state less than the hub, or something else: nothing of it becomes a model that is none.</summary>
public sealed class MirrorTests(Workshop studio)
{
    [Theory]
    [InlineData("plain")]
    [InlineData("redirect")]
    [InlineData("no head")]
    [InlineData("no length")]
    public async Task A_file_without_a_stated_hash_is_downloaded_and_called_unverified(string kind)
    {
        byte[] model = File.ReadAllBytes(Path.Combine(studio.Server.Folder, "models", "demo-taesd.gguf"));
        await using WebApplication store = await MirrorAsync(context => SendAsync(context, model, "application/octet-stream"));
        await using WebApplication mirror = await MirrorAsync(context => kind switch
        {
            // What a redirect says of its own length is not the file's.
            "redirect" => RedirectAsync(context, store.Urls.First() + context.Request.Path),
            "no head" when context.Request.Method == "HEAD" => StatusAsync(context, 405),
            "no length" when context.Request.Method == "HEAD" => StatusAsync(context, 200),
            _ => SendAsync(context, model, "application/octet-stream"),
        });
        await using StudioServer server = await ServerAsync(mirror);

        JsonElement done = await DownloadAsync(server);
        Assert.True(done.GetProperty("status").GetString() == "completed", done.ToString());
        Assert.Equal("Not verified, the hub states no hash: models/far.gguf", done.GetProperty("note").GetString());
        Assert.Equal(model, File.ReadAllBytes(Path.Combine(server.Folder, "models", "far.gguf")));
    }

    [Theory]
    [InlineData("empty", "is empty; nothing was downloaded")]
    [InlineData("page", "answers with a web page in place of far.gguf")]
    [InlineData("page by name", "is not a model")]
    [InlineData("text", "is not a model")]
    [InlineData("other length", "has stated")]
    [InlineData("circle", "more than 10 times")]
    [InlineData("elsewhere", "redirects far.gguf to an address that is not of the web")]
    [InlineData("nothing said", "does not say how large")]
    [InlineData("endless", "does not say how large")]
    [InlineData("endless in place of its length", "is not a model")]
    [InlineData("longer", "sends 9000 bytes of far.gguf and has stated 4000")]
    [InlineData("another part", "sends 100 bytes of far.gguf and has stated 5000")]
    [InlineData("cut off", "cannot be used at the moment")]
    public async Task What_is_no_model_is_never_called_one(string kind, string words)
    {
        byte[] page = "<!doctype html><html><body>Sign in</body></html>"u8.ToArray();
        await using WebApplication mirror = await MirrorAsync(context => kind switch
        {
            "empty" => SendAsync(context, [], "application/octet-stream"),
            "page" => SendAsync(context, page, "text/html; charset=utf-8"),
            "page by name" => SendAsync(context, page, "application/octet-stream"),
            "text" => SendAsync(context, new byte[5000], "application/octet-stream"),
            "other length" => SendAsync(context, new byte[context.Request.Method == "HEAD" ? 4000 : 3000], "application/octet-stream"),
            "circle" => RedirectAsync(context, context.Request.Path.Value!),
            "endless" => EndlessAsync(context, stated: null),
            "endless in place of its length" => EndlessAsync(context, stated: 5000),
            "longer" => SendAsync(context, new byte[context.Request.Method == "HEAD" ? 4000 : 9000], "application/octet-stream"),
            "another part" => AnotherPartAsync(context),
            "cut off" => CutOffAsync(context),
            "elsewhere" => RedirectAsync(context, "ftp://somewhere/far.gguf"),
            _ => StatusAsync(context, 200),
        });
        await using StudioServer server = await ServerAsync(mirror);

        JsonElement done = await DownloadAsync(server);
        Assert.True(done.GetProperty("status").GetString() == "failed", done.ToString());
        Assert.Contains(words, done.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Folder, done.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Folder, "models"), "far.gguf"));
    }

    [Fact]
    public async Task A_mirror_that_drips_is_given_up()
    {
        await using WebApplication mirror = await MirrorAsync(async context =>
        {
            const int Bytes = 1_000_000;
            long from = context.Request.GetTypedHeaders().Range?.Ranges.First().From ?? 0;
            if (context.Request.Method == "GET")
            {
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                context.Response.Headers.ContentRange = $"bytes {from}-{Bytes - 1}/{Bytes}";
            }

            context.Response.ContentLength = Bytes - from;
            while (context.Request.Method == "GET" && !context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[1], context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(50, context.RequestAborted);
            }
        });
        await using StudioServer server = await ServerAsync(mirror, "--SdStudio:Downloads:StallSeconds=1");

        JsonElement done = await DownloadAsync(server);
        Assert.True(done.GetProperty("status").GetString() == "failed", done.ToString());
        Assert.Contains("bytes came in", done.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_download_is_cancelled_at_once_and_once()
    {
        var asked = new TaskCompletionSource();
        await using WebApplication mirror = await MirrorAsync(async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using StudioServer server = await ServerAsync(mirror);
        string id = await StartAsync(server);
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, $"/api/models/download/{id}")).Status);
        Assert.Equal("cancelled", (await server.GetAsync($"/api/models/download/{id}")).Body.GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync(HttpMethod.Delete, $"/api/models/download/{id}")).Status);
        Assert.NotEqual(id, await StartAsync(server));
    }

    private async Task<StudioServer> ServerAsync(WebApplication mirror, params string[] settings) => await StudioServer.StartAsync(
        studio.NewDataFolder("models:\n  far:\n    name: Far\n    args: [-m, models/far.gguf]\n    huggingface: { repo: someone/far }\n"),
        [$"--SdStudio:Downloads:HubAddress={mirror.Urls.First()}", "--SdStudio:Downloads:RetryMilliseconds=1", .. settings]);

    // Zeros until nobody listens.
    private static async Task EndlessAsync(HttpContext context, long? stated)
    {
        if (context.Request.Method == "HEAD")
        {
            context.Response.ContentLength = stated;
            return;
        }

        var zeros = new byte[64 * 1024];
        while (!context.RequestAborted.IsCancellationRequested)
            await context.Response.Body.WriteAsync(zeros, context.RequestAborted);
    }

    private static async Task AnotherPartAsync(HttpContext context)
    {
        context.Response.ContentLength = context.Request.Method == "HEAD" ? 5000 : 100;
        if (context.Request.Method == "HEAD")
            return;
        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = "bytes 4900-4999/5000";
        await context.Response.Body.WriteAsync(new byte[100], context.RequestAborted);
    }

    private static async Task CutOffAsync(HttpContext context)
    {
        context.Response.ContentLength = 5000;
        if (context.Request.Method == "HEAD")
            return;
        // Before its first byte: what comes after some would be that the rest cannot be asked for.
        await context.Response.StartAsync(context.RequestAborted);
        context.Abort();
    }

    private static async Task<JsonElement> DownloadAsync(StudioServer server)
    {
        string id = await StartAsync(server);
        while (true)
        {
            (_, JsonElement body) = await server.GetAsync($"/api/models/download/{id}");
            if (body.GetProperty("status").GetString() != "downloading")
                return body;
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<string> StartAsync(StudioServer server)
    {
        using StringContent content = StudioServer.Json("""{"modelId":"far"}""");
        return (await server.SendAsync(HttpMethod.Post, "/api/models/download", content)).Body.GetProperty("downloadId").GetString()!;
    }

    private static async Task<WebApplication> MirrorAsync(RequestDelegate answer)
    {
        WebApplication app = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"]).Build();
        app.Run(answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task SendAsync(HttpContext context, byte[] bytes, string type)
    {
        context.Response.ContentType = type;
        if (context.Request.Method == "HEAD")
            context.Response.ContentLength = bytes.Length;
        else if (bytes.Length == 0)
            context.Response.ContentLength = 0;
        else
            await Results.Bytes(bytes, type, enableRangeProcessing: true).ExecuteAsync(context);
    }

    private static Task RedirectAsync(HttpContext context, string to)
    {
        context.Response.StatusCode = StatusCodes.Status302Found;
        context.Response.Headers.Location = to;
        context.Response.Headers.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (context.Request.Method == "GET")
            context.Response.Headers.TransferEncoding = "chunked";
        return context.Request.Method == "GET" ? context.Response.WriteAsync(status.ToString(CultureInfo.InvariantCulture)) : Task.CompletedTask;
    }
}
