using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SdStudio.Server.Hosting;

namespace SdStudio.Server.Commands;

/// <summary>The server that a command speaks to: one that runs, or else one in this process for as long as the command takes.</summary>
internal sealed class StudioConnection : IAsyncDisposable
{
    private const string DefaultAddress = "http://localhost:3000";
    private const string AddressVariable = "SDSTUDIO_SERVER";
    private const string KeyVariable = "SDSTUDIO_API_KEY";

    private readonly HttpClient _http;
    private readonly WebApplication? _own;

    private StudioConnection(Uri address, string? key, WebApplication? own)
    {
        _own = own;
        _http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        if (!string.IsNullOrEmpty(key))
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public static Option<string?> Address { get; } = new("--server")
    {
        Description = $"The server's address; {AddressVariable}, else {DefaultAddress}, and without one a server in this process", Recursive = true,
    };

    public static Option<string?> Key { get; } = new("--key") { Description = $"The server's API key, when it has one; {KeyVariable}", Recursive = true };

    public bool IsOwn => _own is not null;

    /// <summary>Runs a command with a server and tells what goes wrong in a sentence.</summary>
    public static void SetAction(Command command, Func<StudioConnection, ParseResult, CancellationToken, Task> action)
    {
        command.Options.Add(Address);
        command.Options.Add(Key);
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                await using StudioConnection studio = await OpenAsync(parsed.GetValue(Address), parsed.GetValue(Key), cancellation);
                await action(studio, parsed, cancellation);
                return 0;
            }
            catch (Exception exception) when (exception is CommandException or HttpRequestException or IOException or UnauthorizedAccessException)
            {
                bool isAway = exception is HttpRequestException { StatusCode: null };
                await Console.Error.WriteLineAsync($"sdstudio: {(isAway ? "The server does not answer: " : "")}{exception.Message}");
                return 1;
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_own is null)
            return;
        await _own.StopAsync();
        await _own.DisposeAsync();
    }

    public Task<JsonNode> GetAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, cancellation);

    /// <exception cref="CommandException">The server refused; its own words.</exception>
    public Task<JsonNode> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellation) =>
        SendContentAsync(method, path, body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancellation);

    /// <exception cref="CommandException">The server refused; its own words.</exception>
    public async Task<JsonNode> SendContentAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using HttpResponseMessage response = await _http.SendAsync(request, cancellation);
        string text = await response.Content.ReadAsStringAsync(cancellation);
        JsonNode? answer = response.Content.Headers.ContentType?.MediaType == "application/json" ? JsonNode.Parse(text) : null;
        if (!response.IsSuccessStatusCode || answer is null)
            throw new CommandException(Problem(answer) ?? $"{_http.BaseAddress} answered {(int)response.StatusCode}");
        return answer;
    }

    /// <summary>Why the server is not ready for requests; null when it is.</summary>
    public async Task<string?> WhyNotReadyAsync(CancellationToken cancellation)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri("health/ready", UriKind.Relative), cancellation);
        return response.IsSuccessStatusCode ? null : (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))?["reason"] ?? "";
    }

    public Task<byte[]> GetFileAsync(string path, CancellationToken cancellation) => _http.GetByteArrayAsync(new Uri(path, UriKind.Relative), cancellation);

    private static string? Problem(JsonNode? answer) => (string?)answer?["error"] is { } error
        ? ServerWords.ForTerminal((string?)answer["detail"] is { } detail ? $"{error}. {detail}" : error)
        : null;

    private static async Task<StudioConnection> OpenAsync(string? address, string? key, CancellationToken cancellation)
    {
        string? named = address ?? Environment.GetEnvironmentVariable(AddressVariable);
        key ??= Environment.GetEnvironmentVariable(KeyVariable);
        if (!Uri.TryCreate((named ?? DefaultAddress).TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri))
            throw new CommandException($"The server's address {named} cannot be read; write it like {DefaultAddress}");
        if (named is not null || await AnswersAsync(uri, cancellation))
            return new StudioConnection(uri, key, own: null);
        WebApplication? own = null;
        try
        {
            own = StudioHost.Build(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Critical"], announces: false);
            await own.StartAsync(cancellation);
        }
        catch (Exception exception) when (StartFailure.Explain(exception, own?.Configuration["SdStudio:DataDirectory"] ?? "data") is { } why)
        {
            if (own is not null)
                await own.DisposeAsync();
            throw new CommandException($"No server answers at {uri}, and none can be started here: {why}");
        }

        return new StudioConnection(new Uri(own.Urls.First() + "/"), own.Configuration["SdStudio:Security:ApiKey"], own);
    }

    private static async Task<bool> AnswersAsync(Uri address, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using HttpResponseMessage response = await http.GetAsync(new Uri("health/live", UriKind.Relative), cancellation);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}

/// <summary>What a command cannot do, for people.</summary>
internal sealed class CommandException(string message) : Exception(message);
