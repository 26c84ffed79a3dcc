using System.Net;
using System.Net.WebSockets;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>What pages of other sites may send: each surface is opened as a browser opens it for them.</summary>
public sealed class CrossOriginTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly (string Method, string Path)[] Guarded =
    [
        ("POST", "/api/generate"), ("POST", "/api/queue/generate"), ("POST", "/api/queue/cancel-all"), ("DELETE", "/api/generations"), ("PATCH", "/api/queue/x"),
        ("GET", "/api/events"), ("GET", "/ws"), ("GET", "/sdapi/v1/interrupt"), ("GET", "/api/sdapi/v1/interrupt"), ("HEAD", "/sdapi/v1/interrupt"),
        ("GET", "//sdapi/v1/interrupt"), ("POST", "/sdapi/v1/txt2img"), ("POST", "/sdapi/v1/interrupt"), ("POST", "/v1/images/generations"), ("POST", "/api/v1/images/edits"),
    ];

    // The studio's own address, so and so changed.
    private string Own(Func<Uri, string> change) => change(studio.Server.Http.BaseAddress!);

    private async Task<HttpStatusCode> SendAsync(string method, string path, string header, string value)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), Own(own => own.GetLeftPart(UriPartial.Authority)) + path);
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await studio.Server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        return response.StatusCode;
    }

    [Fact]
    public async Task Other_origins_are_refused_on_every_surface_that_changes_or_streams_something()
    {
        string[] origins =
        [
            "http://evil.example", "null", "file://", Own(own => $"https://{own.Authority}"), Own(own => $"http://user@{own.Authority}"),
            Own(own => $"http://{own.Host}:{own.Port + 1}"), Own(own => $"http://{own.Host}"), Own(own => $"http://{own.Authority}.evil.example"),
        ];
        foreach ((string method, string path) in Guarded)
        {
            foreach (string origin in origins)
                Assert.True(await SendAsync(method, path, "Origin", origin) == HttpStatusCode.Forbidden, $"{method} {path} of {origin}");
        }
    }

    [Theory]
    [InlineData("cross-site", HttpStatusCode.Forbidden)]
    [InlineData("same-site", HttpStatusCode.Forbidden)]
    [InlineData("same-origin", HttpStatusCode.OK)]
    [InlineData("none", HttpStatusCode.OK)]
    public async Task An_image_of_another_site_cannot_end_a_job(string site, HttpStatusCode expected)
    {
        Assert.Equal(expected, await SendAsync("GET", "/sdapi/v1/interrupt", "Sec-Fetch-Site", site));
        Assert.Equal(expected, await SendAsync("GET", "/api/events", "Sec-Fetch-Site", site));
        // Links from elsewhere lead to the page, and to what only reads.
        Assert.Equal(HttpStatusCode.OK, await SendAsync("GET", "/", "Sec-Fetch-Site", site));
        Assert.Equal(HttpStatusCode.OK, await SendAsync("GET", "/api/health", "Sec-Fetch-Site", site));
    }

    [Fact]
    public async Task A_web_socket_opens_for_the_studios_own_page_and_for_programs_only()
    {
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await OpenAsync(studio.Server, null));
        Assert.Equal(HttpStatusCode.SwitchingProtocols, await OpenAsync(studio.Server, Own(own => own.GetLeftPart(UriPartial.Authority))));
        Assert.Equal(HttpStatusCode.Forbidden, await OpenAsync(studio.Server, "http://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await OpenAsync(studio.Server, Own(own => $"http://{own.Host}:{own.Port + 1}")));
    }

    [Fact]
    public async Task A_named_origin_opens_everything()
    {
        const string friend = "https://friend.example";
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), $"--SdStudio:Security:CorsOrigins:0={friend}/");

        Assert.Equal(HttpStatusCode.SwitchingProtocols, await OpenAsync(server, friend));
        Assert.Equal(HttpStatusCode.Forbidden, await OpenAsync(server, "https://foe.example"));
        (HttpStatusCode status, _) = await server.SendAsync(HttpMethod.Get, "/sdapi/v1/interrupt", null, ("Origin", friend), ("Sec-Fetch-Site", "cross-site"));
        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Fact]
    public async Task Behind_a_proxy_that_ends_tls_the_page_is_still_the_studios()
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/api/queue/cancel-all", null, ("Origin", Own(own => $"https://{own.Authority}")), ("X-Forwarded-Proto", "https"));

        Assert.True(status == HttpStatusCode.OK, body.ToString());
    }

    private static async Task<HttpStatusCode> OpenAsync(StudioServer server, string? origin)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        try
        {
            await socket.ConnectAsync(new Uri(server.Http.BaseAddress!.ToString().Replace("http", "ws", StringComparison.Ordinal) + "ws"), Cancellation);
        }
        catch (WebSocketException)
        {
            // The status says why.
        }

        return socket.HttpStatusCode;
    }
}
