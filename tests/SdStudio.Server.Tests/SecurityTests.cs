using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Tests;

public sealed class SecurityTests(Workshop studio)
{
    private const string Key = "a-key-of-some-length";
    private const string Small = """{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""";

    private Task<StudioServer> LockedServerAsync(params string[] settings) =>
        StudioServer.StartAsync(studio.NewDataFolder(), [$"--SdStudio:Security:ApiKey={Key}", .. settings]);

    private static string Basic(string text) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public static TheoryData<string, string, HttpStatusCode> Credentials => new()
    {
        { "Authorization", "Bearer " + Key, HttpStatusCode.OK },
        { "Authorization", "bearer " + Key, HttpStatusCode.OK },
        { "Authorization", Basic("anybody:" + Key), HttpStatusCode.OK },
        { "Authorization", Basic(Key), HttpStatusCode.OK },
        { "X-API-Key", Key, HttpStatusCode.OK },
        { "Authorization", "Bearer " + Key + "x", HttpStatusCode.Unauthorized },
        { "Authorization", "Bearer " + Key[..^1], HttpStatusCode.Unauthorized },
        { "Authorization", "Bearer", HttpStatusCode.Unauthorized },
        { "Authorization", "Basic %%%", HttpStatusCode.Unauthorized },
        { "X-API-Key", "wrong", HttpStatusCode.Unauthorized },
        { "X-Nothing", "", HttpStatusCode.Unauthorized },
    };

    [Theory]
    [MemberData(nameof(Credentials))]
    public async Task Only_the_key_opens(string header, string value, HttpStatusCode expected)
    {
        await using StudioServer server = await LockedServerAsync();
        foreach ((HttpMethod method, string path) in new[]
        {
            (HttpMethod.Get, "/api/models"), (HttpMethod.Get, "/api/queue"), (HttpMethod.Get, "/api/generations"), (HttpMethod.Get, "/api/logs"),
            (HttpMethod.Post, "/api/queue/cancel-all"), (HttpMethod.Delete, "/api/generations"),
        })
        {
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(method, path, null, (header, value));
            Assert.True(status == expected, $"{method} {path}: {status}");
            if (expected == HttpStatusCode.Unauthorized)
                Assert.Equal("Unauthorized", Shape.Error(body));
        }
    }

    [Theory]
    [InlineData("GET", "/api/models")]
    [InlineData("GET", "/sdapi/v1/samplers")]
    [InlineData("GET", "/controlnet/model_list")]
    [InlineData("POST", "/controlnet/detect")]
    [InlineData("GET", "/sdcpp/v1/capabilities")]
    [InlineData("POST", "/sdcpp/v1/img_gen")]
    [InlineData("POST", "/sdcpp/v1/vid_gen")]
    [InlineData("GET", "/sdcpp/v1/jobs/1")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/v1/videos")]
    [InlineData("POST", "/mcp")]
    [InlineData("GET", "/metrics")]
    public async Task No_surface_is_open_without_the_key(string method, string path)
    {
        await using StudioServer server = await LockedServerAsync();

        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "POST" ? StudioServer.Json("{}") : null };
        using HttpResponseMessage answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Health_and_config_are_open_and_say_whether_a_key_is_needed()
    {
        await using StudioServer server = await LockedServerAsync();

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/api/health")).Status);
        (_, JsonElement none) = await server.GetAsync("/api/config");
        (_, JsonElement right) = await server.SendAsync(HttpMethod.Get, "/api/config", null, ("X-API-Key", Key));
        (_, JsonElement wrong) = await server.SendAsync(HttpMethod.Get, "/api/config", null, ("X-API-Key", "wrong-key"));

        static (bool, bool, bool) Of(JsonElement config) =>
            (config.GetProperty("authEnabled").GetBoolean(), config.GetProperty("keyPassed").GetBoolean(), config.GetProperty("keyValid").GetBoolean());
        Assert.Equal((true, false, false), Of(none));
        Assert.Equal((true, true, true), Of(right));
        Assert.Equal((true, true, false), Of(wrong));
    }

    [Fact]
    public async Task Browsers_may_show_the_key_in_the_query_of_images_and_sockets_only()
    {
        await using StudioServer server = await LockedServerAsync();
        server.Http.DefaultRequestHeaders.Add("X-API-Key", Key);
        (_, string[] images) = await server.GenerateImagesAsync(Small);
        server.Http.DefaultRequestHeaders.Clear();

        using HttpResponseMessage image = await server.Http.GetAsync($"/api/images/{images[0]}?api_key={Key}", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, image.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync($"/api/images/{images[0]}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync($"/api/models?api_key={Key}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.SendAsync(HttpMethod.Post, $"/api/queue/cancel-all?api_key={Key}")).Status);
        string address = server.Http.BaseAddress!.ToString().Replace("http", "ws", StringComparison.Ordinal) + "ws";
        using var open = new ClientWebSocket();
        await open.ConnectAsync(new Uri($"{address}?api_key={Key}"), TestContext.Current.CancellationToken);
        using var shut = new ClientWebSocket();
        await Assert.ThrowsAsync<WebSocketException>(() => shut.ConnectAsync(new Uri(address), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://127.0.0.1:0;http://192.0.2.1:0")]
    public async Task Beyond_this_machine_it_does_not_start_without_a_key(string urls)
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => StudioServer.StartAsync(studio.NewDataFolder(), $"--urls={urls}"));

        Assert.Contains("SdStudio:Security:ApiKey", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--SdStudio:Security:AllowOpenAccess=true")]
    [InlineData("--SdStudio:Security:ApiKey=" + Key)]
    public async Task Beyond_this_machine_it_starts_when_told_to(string setting)
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--urls=http://0.0.0.0:0", setting);

        Assert.NotNull(server.Http.BaseAddress);
    }

    [Theory]
    [InlineData("Origin", "https://example.org", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "SELF", HttpStatusCode.OK)]
    [InlineData("Host", "attacker.example:80", HttpStatusCode.Forbidden)]
    [InlineData("Host", "localhost:80", HttpStatusCode.OK)]
    public async Task Pages_of_other_sites_may_not_use_it(string header, string value, HttpStatusCode expected)
    {
        value = value == "SELF" ? studio.Server.Http.BaseAddress!.GetLeftPart(UriPartial.Authority) : value;

        (HttpStatusCode status, _) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/cancel-all", null, (header, value));

        Assert.Equal(expected, status);
    }

    [Fact]
    public async Task A_page_of_another_site_may_when_it_is_named()
    {
        await using StudioServer server = await StudioServer.StartAsync(
            studio.NewDataFolder(), "--SdStudio:Security:CorsOrigins:0=https://friend.example");
        using var ask = new HttpRequestMessage(HttpMethod.Options, "/api/generate");
        ask.Headers.Add("Origin", "https://friend.example");
        ask.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage answer = await server.Http.SendAsync(ask, TestContext.Current.CancellationToken);

        Assert.Equal("https://friend.example", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Equal(
            HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, "/api/queue/cancel-all", null, ("Origin", "https://friend.example"))).Status);
        Assert.Equal(
            HttpStatusCode.Forbidden, (await server.SendAsync(HttpMethod.Post, "/api/queue/cancel-all", null, ("Origin", "https://foe.example"))).Status);
    }

    [Fact]
    public async Task Jobs_in_a_minute_have_a_limit_for_each_key()
    {
        await using StudioServer server = await StudioServer.StartAsync(
            studio.NewDataFolder(), "--SdStudio:Limits:JobsPerMinute=2", "--SdStudio:Security:ApiKeys:ann=ann-has-this-key",
            "--SdStudio:Security:ApiKeys:bob=bob-has-this-key");
        (string, string) ann = ("X-API-Key", "ann-has-this-key"), bob = ("X-API-Key", "bob-has-this-key");
        await server.QueueAsync(Small, ann);
        await server.QueueAsync(Small, ann);

        using var third = new HttpRequestMessage(HttpMethod.Post, "/api/queue/generate") { Content = StudioServer.Json(Small) };
        third.Headers.Add("X-API-Key", "ann-has-this-key");
        using HttpResponseMessage refused = await server.Http.SendAsync(third, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        await server.QueueAsync(Small, bob);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Get, "/api/queue", null, ann)).Status);
    }

    [Fact]
    public async Task A_short_key_is_refused_at_the_start()
    {
        var refused = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Security:ApiKey=1234567"));

        Assert.Contains("at least 8", refused.Message, StringComparison.Ordinal);
    }
}
