using System.Net;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using SdStudio.Tests;

namespace SdStudio.Server.Tests;

/// <summary>The server as the official .NET client of the Model Context Protocol sees it.</summary>
public sealed class McpTests(Workshop studio) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-mcp").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_job_is_told_first_and_its_image_is_a_preview_a_link_and_a_resource()
    {
        await using StudioServer server = await StudioServer.StartAsync(_folder);
        await using McpClient client = await ConnectAsync(server);
        var told = new List<ProgressNotificationValue>();
        var progress = new Told(told);
        CallToolResult result = await client.CallToolAsync(
            "generate_image", Arguments(("prompt", "a red circle on a blue background"), ("size", "64x64"), ("steps", 4), ("n", 2), ("wait_seconds", 300)),
            progress, cancellationToken: Cancellation);

        Assert.NotEqual(true, result.IsError);
        JsonElement job = result.StructuredContent!.Value;
        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.Equal($"Job {job.GetProperty("job_id").GetString()}", told[0].Message);
        Assert.Equal(["text", "image", "image", "resource_link", "resource_link"], result.Content.Select(block => block.Type));
        string uri = job.GetProperty("images")[0].GetProperty("uri").GetString()!;
        ReadResourceResult read = await client.ReadResourceAsync(uri, cancellationToken: Cancellation);
        var png = new PngFile(Assert.IsType<BlobResourceContents>(read.Contents[0]).DecodedData.ToArray());
        Assert.Equal((64, 64), (png.Width, png.Height));

        IList<McpClientTool> tools = await client.ListToolsAsync(cancellationToken: Cancellation);
        Assert.All(tools, tool => Assert.NotNull(tool.ReturnJsonSchema));
        Assert.Contains("generate_image", tools.Select(tool => tool.Name));
    }

    [Fact]
    public async Task A_video_is_a_job_that_is_told_a_still_and_a_link()
    {
        string folder = studio.NewDataFolder();
        TinyVideoEntry.AddTo(folder, "moving");
        await using StudioServer server = await StudioServer.StartAsync(folder);
        await using McpClient client = await ConnectAsync(server);
        var told = new List<ProgressNotificationValue>();
        CallToolResult result = await client.CallToolAsync(
            "generate_video", Arguments(("prompt", "a red circle moves"), ("size", "64x32"), ("frames", 9), ("fps", 8), ("steps", 4), ("seed", 7), ("wait_seconds", 300)),
            new Told(told), cancellationToken: Cancellation);

        Assert.True(result.IsError != true, TextOf(result));
        JsonElement job = result.StructuredContent!.Value;
        Assert.Equal(("completed", "video", "moving"), (job.GetProperty("status").GetString(), job.GetProperty("type").GetString(), job.GetProperty("model").GetString()));
        Assert.Equal($"Job {job.GetProperty("job_id").GetString()}", told[0].Message);
        JsonElement made = job.GetProperty("images")[0];
        Assert.Equal((9, 8, "webp"), (made.GetProperty("video").GetProperty("frames").GetInt32(), made.GetProperty("video").GetProperty("fps").GetInt32(), made.GetProperty("video").GetProperty("format").GetString()));
        Assert.Equal(["text", "image", "resource_link"], result.Content.Select(block => block.Type));
        Assert.Equal("image/webp", Assert.IsType<ResourceLinkBlock>(result.Content[2]).MimeType);
        Assert.Contains(made.GetProperty("url").GetString()!, TextOf(result), StringComparison.Ordinal);

        CallToolResult refused = await client.CallToolAsync("generate_video", Arguments(("prompt", "x"), ("model", "demo")), cancellationToken: Cancellation);
        Assert.Contains("Model 'demo' makes no videos; models that do: moving", TextOf(refused), StringComparison.Ordinal);
        refused = await client.CallToolAsync("generate_video", Arguments(("prompt", "x"), ("n", 2)), cancellationToken: Cancellation);
        Assert.Contains("generate_video has no argument 'n'", TextOf(refused), StringComparison.Ordinal);
        CallToolResult listed = await client.CallToolAsync("list_models", Arguments(), cancellationToken: Cancellation);
        Assert.Contains(listed.StructuredContent!.Value.GetProperty("models").EnumerateArray(), model => model.GetProperty("id").GetString() == "moving" && model.GetProperty("capabilities").EnumerateArray().Any(what => what.GetString()!.EndsWith("to-video", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Each_key_sees_its_own_jobs_and_images_only()
    {
        await using StudioServer server = await StudioServer.StartAsync(
            _folder, "--SdStudio:Security:ApiKeys:ann=a-key-for-ann", "--SdStudio:Security:ApiKeys:bob=a-key-for-bob");
        await using McpClient ann = await ConnectAsync(server, "a-key-for-ann");
        await using McpClient bob = await ConnectAsync(server, "a-key-for-bob");
        CallToolResult made = await ann.CallToolAsync(
            "generate_image", Arguments(("prompt", "a red circle"), ("size", "32x32"), ("steps", 1), ("wait_seconds", 300)), cancellationToken: Cancellation);
        JsonElement job = made.StructuredContent!.Value;
        string id = job.GetProperty("job_id").GetString()!;
        string uri = job.GetProperty("images")[0].GetProperty("uri").GetString()!;

        Assert.Equal("completed", (await ann.CallToolAsync("get_job", Arguments(("job_id", id)), cancellationToken: Cancellation)).StructuredContent!.Value.GetProperty("status").GetString());
        Assert.Single((await ann.CallToolAsync("search_images", Arguments(("query", "red")), cancellationToken: Cancellation)).StructuredContent!.Value.GetProperty("images").EnumerateArray());
        Assert.True((await bob.CallToolAsync("get_job", Arguments(("job_id", id)), cancellationToken: Cancellation)).IsError);
        Assert.True((await bob.CallToolAsync("cancel_job", Arguments(("job_id", id)), cancellationToken: Cancellation)).IsError);
        Assert.Empty((await bob.CallToolAsync("search_images", Arguments(("query", "red")), cancellationToken: Cancellation)).StructuredContent!.Value.GetProperty("images").EnumerateArray());
        await Assert.ThrowsAnyAsync<McpException>(async () => await bob.ReadResourceAsync(uri, cancellationToken: Cancellation));
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () => await ConnectAsync(server, "no-key-at-all"));
    }

    [Fact]
    public async Task Too_many_jobs_and_wrong_arguments_are_sentences()
    {
        await using StudioServer server = await StudioServer.StartAsync(_folder, "--SdStudio:Limits:JobsPerMinute=1");
        await using McpClient client = await ConnectAsync(server);
        CallToolResult wrong = await client.CallToolAsync("generate_image", Arguments(("prompt", "a"), ("file", "/etc/passwd")), cancellationToken: Cancellation);
        Assert.True(wrong.IsError);
        Assert.Contains("has no argument 'file'", TextOf(wrong), StringComparison.Ordinal);
        CallToolResult steps = await client.CallToolAsync("generate_image", Arguments(("prompt", "a"), ("steps", 0)), cancellationToken: Cancellation);
        Assert.Contains("steps", TextOf(steps), StringComparison.Ordinal);
        CallToolResult second = await client.CallToolAsync("generate_image", Arguments(("prompt", "a"), ("size", "32x32"), ("steps", 1)), cancellationToken: Cancellation);
        Assert.True(second.IsError);
        Assert.Contains("Too many jobs", TextOf(second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_of_both_ways_count_against_one_limit()
    {
        await using StudioServer server = await StudioServer.StartAsync(_folder, "--SdStudio:Limits:JobsPerMinute=2");
        await using McpClient client = await ConnectAsync(server);
        await server.SendAsync(HttpMethod.Post, "/api/queue/pause", null);
        await server.QueueAsync("""{"model":"demo","prompt":"a","size":"32x32","steps":1}""");
        CallToolResult first = await client.CallToolAsync("generate_image", Arguments(("prompt", "a"), ("size", "32x32"), ("steps", 1), ("wait_seconds", 0)), cancellationToken: Cancellation);
        CallToolResult second = await client.CallToolAsync("generate_image", Arguments(("prompt", "a"), ("size", "32x32"), ("steps", 1)), cancellationToken: Cancellation);

        Assert.True(first.IsError != true, TextOf(first));
        Assert.Contains("Too many jobs", TextOf(second), StringComparison.Ordinal);
        (HttpStatusCode status, _) = await server.SendAsync(HttpMethod.Post, "/api/queue/generate", StudioServer.Json("""{"model":"demo","prompt":"a"}"""));
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
    }

    private static string TextOf(CallToolResult result) => Assert.IsType<TextContentBlock>(result.Content[0]).Text;

    private static Dictionary<string, object?> Arguments(params (string Name, object Value)[] arguments) =>
        arguments.ToDictionary(argument => argument.Name, argument => (object?)argument.Value);

    private static Task<McpClient> ConnectAsync(StudioServer server, string? key = null) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(server.Http.BaseAddress!, "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = key is null ? [] : new Dictionary<string, string> { ["Authorization"] = $"Bearer {key}" },
        }),
        cancellationToken: Cancellation);

    // As they come: System.Progress would hand them to other threads.
    private sealed class Told(List<ProgressNotificationValue> values) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value)
        {
            lock (values)
                values.Add(value);
        }
    }
}
