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
        string timestamp = body.GetProperty("timestamp").GetString()!;
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", timestamp);
        Assert.InRange(DateTimeOffset.UtcNow - body.GetProperty("timestamp").GetDateTimeOffset(), TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Health_says_what_draws_and_why()
    {
        await studio.Server.DrawAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");

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
    [InlineData("GET", "/api/generate", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/api/images/x", HttpStatusCode.MethodNotAllowed)]
    public async Task What_is_not_there_is_an_error_in_json(string method, string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using HttpResponseMessage response = await studio.Server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Shape.Error(body.RootElement);
    }
}
