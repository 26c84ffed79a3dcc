using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Keys are people: each sees and changes what is its own; the single key is the administrator's, who sees and changes everything.</summary>
public sealed class PeopleTests(Workshop studio)
{
    private const string Small = """{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""";
    private static readonly (string, string) Admin = ("X-API-Key", "the-administrators-key"), Ann = ("X-API-Key", "ann-has-this-key"), Bob = ("X-API-Key", "bob-has-this-key");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<StudioServer> StartAsync(params string[] settings) => StudioServer.StartAsync(
        studio.NewDataFolder(),
        [$"--SdStudio:Security:ApiKey={Admin.Item2}", $"--SdStudio:Security:ApiKeys:ann={Ann.Item2}", $"--SdStudio:Security:ApiKeys:bob={Bob.Item2}", .. settings]);

    private static async Task<HttpStatusCode> StatusAsync(StudioServer server, string method, string path, (string, string) key, string? json = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = json is null ? null : StudioServer.Json(json) };
        request.Headers.Add(key.Item1, key.Item2);
        using HttpResponseMessage response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        return response.StatusCode;
    }

    [Fact]
    public async Task A_named_key_sees_and_changes_its_own_only()
    {
        await using StudioServer server = await StartAsync();
        (_, JsonElement generated) = await server.SendAsync(HttpMethod.Post, "/api/generate", StudioServer.Json(Small), Ann);
        string generation = generated.GetProperty("id").GetString()!, image = generated.GetProperty("data")[0].GetProperty("id").GetString()!;
        await server.SendAsync(HttpMethod.Post, "/api/queue/pause", null, Admin);
        string[] waiting = [await server.QueueAsync(Small, Ann), await server.QueueAsync(Small, Ann), await server.QueueAsync(Small, Bob)];

        (string Method, string Path, string? Json)[] others =
        [
            ("GET", $"/api/queue/{waiting[0]}", null), ("DELETE", $"/api/queue/{waiting[0]}", null), ("PATCH", $"/api/queue/{waiting[0]}", """{"priority":5}"""),
            ("POST", $"/api/queue/{generation}/retry", null), ("GET", $"/api/queue/{generation}/preview", null), ("GET", $"/api/generations/{generation}", null),
            ("GET", $"/api/generations/{generation}/image", null), ("GET", $"/api/generations/{generation}/images", null), ("GET", $"/api/generations/{generation}/thumbnail", null),
            ("GET", $"/api/generations/{generation}/input", null), ("GET", $"/api/generations/{generation}/mask", null), ("GET", $"/api/generations/{generation}/logs", null),
            ("GET", $"/api/images/{image}", null), ("HEAD", $"/api/images/{image}", null), ("GET", $"/api/images/{image}/thumbnail", null), ("GET", $"/api/images/{image}?format=webp", null),
            ("GET", $"/api/images/{image}/parameters", null), ("POST", $"/api/images/{image}/reproduce", null), ("DELETE", $"/api/generations/{generation}", null),
        ];
        foreach ((string method, string path, string? json) in others)
            Assert.True(await StatusAsync(server, method, path, Bob, json) == HttpStatusCode.NotFound, $"{method} {path}");
        Assert.Equal(
            HttpStatusCode.BadRequest,
            await StatusAsync(server, "POST", "/api/queue/variation", Bob, $$"""{"model":"demo","prompt":"x","source_image_id":"{{image}}"}"""));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "GET", $"/api/images/{image}", Ann));

        (_, JsonElement bobs) = await server.SendAsync(HttpMethod.Get, "/api/queue", null, Bob);
        Assert.Equal(waiting[2], Assert.Single(bobs.GetProperty("jobs").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal((1, 1, 0), (bobs.GetProperty("total").GetInt32(), bobs.GetProperty("stats").GetProperty("pending").GetInt32(), bobs.GetProperty("stats").GetProperty("completed").GetInt32()));
        (_, JsonElement all) = await server.SendAsync(HttpMethod.Get, "/api/queue", null, Admin);
        Assert.Equal(4, all.GetProperty("total").GetInt32());
        (_, JsonElement none) = await server.SendAsync(HttpMethod.Get, "/api/generations", null, Bob);
        Assert.Empty(none.EnumerateArray());

        (_, JsonElement cancelled) = await server.SendAsync(HttpMethod.Post, "/api/queue/cancel-all", null, Bob);
        Assert.Equal(1, cancelled.GetProperty("cancelled").GetInt32());
        (_, JsonElement deleted) = await server.SendAsync(HttpMethod.Delete, "/api/generations?delete_files=true", null, Bob);
        Assert.Equal(1, deleted.GetProperty("deleted").GetInt32());
        (_, JsonElement left) = await server.SendAsync(HttpMethod.Get, "/api/queue?status=pending", null, Admin);
        Assert.Equal(2, left.GetProperty("total").GetInt32());
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "DELETE", $"/api/generations/{generation}", Admin));
    }

    [Theory]
    [InlineData("POST", "/api/queue/pause")]
    [InlineData("POST", "/api/queue/resume")]
    [InlineData("POST", "/api/nodes/any/drain")]
    [InlineData("POST", "/api/nodes/any/resume")]
    [InlineData("POST", "/api/models/demo/start")]
    [InlineData("POST", "/api/models/demo/stop")]
    [InlineData("POST", "/api/models/download")]
    [InlineData("DELETE", "/api/models/download/x")]
    [InlineData("POST", "/api/models/convert")]
    [InlineData("GET", "/api/logs")]
    [InlineData("POST", "/sdapi/v1/unload-checkpoint")]
    [InlineData("POST", "/api/sdapi/v1/reload-checkpoint")]
    public async Task What_concerns_everybody_is_the_administrators(string method, string path)
    {
        await using StudioServer server = await StartAsync();

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(new HttpMethod(method), path, method == "GET" ? null : StudioServer.Json("{}"), Bob);

        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("administrator", Shape.Error(body), StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.Forbidden, await StatusAsync(server, method, path, Admin, method == "GET" ? null : "{}"));
    }

    [Fact]
    public async Task Events_and_the_clients_surfaces_show_nothing_of_others()
    {
        await using StudioServer server = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/events") { Headers = { { Bob.Item1, Bob.Item2 } } };
        using HttpResponseMessage response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.Equal(": connected", await reader.ReadLineAsync(Cancellation));

        string anns = await server.QueueAsync("""{"model":"demo","prompt":"anns secret","size":"128x128","steps":150}""", Ann);
        (_, JsonElement progress) = await server.SendAsync(HttpMethod.Get, "/sdapi/v1/progress", null, Bob);
        Assert.Equal(JsonValueKind.Null, progress.GetProperty("current_image").ValueKind);
        Assert.DoesNotContain(anns, progress.ToString(), StringComparison.Ordinal);
        (_, JsonElement interrupt) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/interrupt", null, Bob);
        Assert.False(interrupt.GetProperty("interrupted").GetBoolean());
        (HttpStatusCode status, _) = await server.SendAsync(HttpMethod.Delete, $"/api/queue/{anns}", null, Ann);
        Assert.Equal(HttpStatusCode.OK, status);
        string bobs = await server.QueueAsync(Small, Bob);
        string seen = "";
        while (!seen.Contains(bobs, StringComparison.Ordinal))
            seen += await reader.ReadLineAsync(Cancellation);
        Assert.DoesNotContain(anns, seen, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_key_has_options_of_its_own()
    {
        await using StudioServer server = await StartAsync();
        async Task<string?> ChosenAsync((string, string) key) =>
            (await server.SendAsync(HttpMethod.Get, "/sdapi/v1/options", null, key)).Body.GetProperty("sd_model_checkpoint").GetString();

        await server.SendAsync(HttpMethod.Post, "/sdapi/v1/options", StudioServer.Json("""{"sd_model_checkpoint":"tiny","samples_filename":"anns own"}"""), Ann);

        Assert.Equal(("Tiny", "Demo", "Demo"), (await ChosenAsync(Ann), await ChosenAsync(Bob), await ChosenAsync(Admin)));
        Assert.DoesNotContain("anns own", (await server.SendAsync(HttpMethod.Get, "/sdapi/v1/options", null, Admin)).Body.ToString(), StringComparison.Ordinal);
        (_, JsonElement anns) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"x","width":16,"height":16,"steps":1}"""), Ann);
        Assert.Contains("Tiny", anns.GetProperty("info").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_socket_and_the_addresses_of_OpenAIs_answers_show_a_keys_own_only()
    {
        await using StudioServer server = await StartAsync();
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.SetRequestHeader(Bob.Item1, Bob.Item2);
        await socket.ConnectAsync(new Uri($"ws://{server.Http.BaseAddress!.Authority}/ws"), Cancellation);
        foreach (string channel in new[] { "queue", "generations", "previews" })
            await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes($$"""{"type":"subscribe","channel":"{{channel}}"}"""), System.Net.WebSockets.WebSocketMessageType.Text, true, Cancellation);
        string seen = "";
        while (!seen.Contains("\"channel\":\"previews\"", StringComparison.Ordinal))
            seen += await ReceiveAsync(socket);

        (_, JsonElement anns) = await server.SendAsync(
            HttpMethod.Post, "/v1/images/generations", StudioServer.Json("""{"model":"demo","prompt":"anns secret","size":"64x64","response_format":"url","steps":2}"""), Ann);
        string address = anns.GetProperty("data")[0].GetProperty("url").GetString()!;
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(server, "GET", address, Bob));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "GET", address, Ann));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, "GET", address, ("X-Nothing", "x")));
        string image = address.Split('/')[^1];
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(server, "GET", $"/static/images/{image}.png", Bob));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, "GET", $"/static/images/{image}.png", ("X-Nothing", "x")));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(
            server, "POST", "/v1/images/edits", Bob, $$"""{"model":"demo","prompt":"x","source_image_id":"{{image}}"}"""));
        string bobs = (await server.SendAsync(HttpMethod.Post, "/api/generate", StudioServer.Json(Small), Bob)).Body.GetProperty("id").GetString()!;
        seen = "";
        while (!seen.Contains("generation_completed", StringComparison.Ordinal) || !seen.Contains(bobs, StringComparison.Ordinal))
            seen += await ReceiveAsync(socket);
        Assert.DoesNotContain("secret", seen, StringComparison.Ordinal);
        Assert.DoesNotContain(image, seen, StringComparison.Ordinal);
    }

    private static async Task<string> ReceiveAsync(System.Net.WebSockets.ClientWebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        System.Net.WebSockets.WebSocketReceiveResult part = await socket.ReceiveAsync(buffer, Cancellation);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, part.Count);
    }

    [Fact]
    public async Task A_page_exchanges_its_key_for_a_cookie_that_no_script_reads()
    {
        string folder = studio.NewDataFolder();
        string[] keys = [$"--SdStudio:Security:ApiKey={Admin.Item2}", $"--SdStudio:Security:ApiKeys:bob={Bob.Item2}"];
        string cookie;
        await using (StudioServer server = await StudioServer.StartAsync(folder, keys))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.SendAsync(HttpMethod.Post, "/api/login", StudioServer.Json("""{"api_key":"wrong-key"}"""))).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync(HttpMethod.Post, "/api/login", StudioServer.Json("{}"))).Status);
            using HttpResponseMessage login = await server.Http.PostAsync("/api/login", StudioServer.Json($$"""{"api_key":"{{Bob.Item2}}"}"""), Cancellation);
            Assert.Equal(HttpStatusCode.OK, login.StatusCode);
            string set = Assert.Single(login.Headers.GetValues("Set-Cookie"));
            Assert.Contains("httponly", set, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("samesite=strict", set, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Bob.Item2, set, StringComparison.Ordinal);
            cookie = set[..set.IndexOf(';', StringComparison.Ordinal)];
        }

        // A restart does not end it, and it is still bob's.
        await using StudioServer again = await StudioServer.StartAsync(folder, keys);
        again.Http.DefaultRequestHeaders.Add("Cookie", cookie);
        Assert.Equal(HttpStatusCode.OK, (await again.GetAsync("/api/queue")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await again.GetAsync("/api/logs")).Status);
        (_, JsonElement config) = await again.GetAsync("/api/config");
        Assert.True(config.GetProperty("keyValid").GetBoolean());
        Assert.Equal(HttpStatusCode.Forbidden, (await again.SendAsync(HttpMethod.Post, "/api/queue/cancel-all", null, ("Origin", "http://evil.example"))).Status);
        again.Http.DefaultRequestHeaders.Remove("Cookie");
        again.Http.DefaultRequestHeaders.Add("Cookie", cookie[..^1] + (cookie[^1] == '0' ? '1' : '0'));
        Assert.Equal(HttpStatusCode.Unauthorized, (await again.GetAsync("/api/queue")).Status);
        using HttpResponseMessage logout = await again.Http.PostAsync("/api/logout", null, Cancellation);
        Assert.Contains("expires=Thu, 01 Jan 1970", Assert.Single(logout.Headers.GetValues("Set-Cookie")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_administrators_name_is_nobody_elses()
    {
        var refused = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Security:ApiKeys:default=some-key-of-bob"));

        Assert.Contains("SdStudio:Security:ApiKeys:default", refused.Message, StringComparison.Ordinal);
    }
}
