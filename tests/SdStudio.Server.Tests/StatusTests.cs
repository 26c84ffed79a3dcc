using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

public sealed class StatusTests(Workshop studio)
{
    [Fact]
    public async Task Health_says_ok_and_the_time()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/api/health");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("ok", body.GetProperty("status").GetString());
        Assert.Equal(["cpu", "light"], body.GetProperty("job_devices").EnumerateArray().Select(device => device.GetString()));
        string timestamp = body.GetProperty("timestamp").GetString()!;
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", timestamp);
        Assert.InRange(DateTimeOffset.UtcNow - body.GetProperty("timestamp").GetDateTimeOffset(), TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_studio_without_a_shared_database_has_one_machine_that_cannot_be_drained()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/api/nodes");

        Assert.Equal(HttpStatusCode.OK, status);
        JsonElement node = Assert.Single(body.GetProperty("nodes").EnumerateArray());
        Assert.True(node.GetProperty("is_this").GetBoolean());
        // The server began with its process, not with the first look at it.
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        Assert.InRange(node.GetProperty("started_at").GetInt64(), new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() - 1000, new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() + 1000);
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Server.Http.PostAsync(new Uri("/api/nodes/this/drain", UriKind.Relative), null, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Health_says_what_generates_and_why()
    {
        await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");

        (_, JsonElement body) = await studio.Server.GetAsync("/api/health");

        Assert.Contains("(prebuilt)", body.GetProperty("engine").GetString(), StringComparison.Ordinal);
        Assert.Equal("cpu", body.GetProperty("backend").GetString());
        Assert.StartsWith("SdEngineOptions.Backend asks for cpu: the default build", body.GetProperty("backend_reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_names_the_address_the_default_model_and_whether_a_key_is_needed()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/api/config");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal($"{studio.Server.Http.BaseAddress}api", body.GetProperty("sdApiEndpoint").GetString());
        Assert.Equal("demo", body.GetProperty("model").GetString());
        Assert.False(body.GetProperty("authEnabled").GetBoolean());
    }

    [Theory]
    [InlineData("GET", "/api/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/nothing-here", HttpStatusCode.NotFound)]
    [InlineData("POST", "/api/health", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/api/queue/%2500", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/queue/%252F/preview", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api//queue/%2500", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/generate", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PUT", "/api/images/x", HttpStatusCode.MethodNotAllowed)]
    public async Task What_is_not_there_is_an_error_in_json(string method, string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using HttpResponseMessage response = await studio.Server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Shape.Error(body.RootElement);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/docs/")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/api/health")]
    [InlineData("/api/queue")]
    [InlineData("/api/generations")]
    [InlineData("/api/events")]
    [InlineData("/v1/models")]
    [InlineData("/sdapi/v1/options")]
    [InlineData("//api/health")]
    [InlineData("/api//health")]
    public async Task Head_is_answered_wherever_get_is(string path)
    {
        path = studio.Server.Http.BaseAddress!.GetLeftPart(UriPartial.Authority) + path;
        using var head = new HttpRequestMessage(HttpMethod.Head, path);
        using HttpResponseMessage headers = await studio.Server.Http.SendAsync(head, TestContext.Current.CancellationToken);
        using HttpResponseMessage whole = await studio.Server.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (headers.StatusCode, whole.StatusCode));
        Assert.Equal(whole.Content.Headers.ContentType, headers.Content.Headers.ContentType);
        Assert.Empty(await headers.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/api/health", "GET, HEAD")]
    [InlineData("/api/queue", "GET, HEAD")]
    [InlineData("/api/generate", "POST")]
    [InlineData("/api/queue/some-job", "DELETE, GET, HEAD, PATCH")]
    [InlineData("/v1/images/generations", "")]
    public async Task A_plain_options_is_answered_with_the_methods(string path, string methods)
    {
        using var options = new HttpRequestMessage(HttpMethod.Options, path);
        using HttpResponseMessage response = await studio.Server.Http.SendAsync(options, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(methods, string.Join(", ", response.Content.Headers.Allow.Order(StringComparer.Ordinal)));
    }
}
