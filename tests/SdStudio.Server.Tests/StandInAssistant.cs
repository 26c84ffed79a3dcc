using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SdStudio.Server.Tests;

/// <summary>A language model as OpenAI's chat completions have it: it says what it is told to say.</summary>
internal sealed class StandInAssistant : IAsyncDisposable
{
    private readonly WebApplication _app = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"]).Build();

    public string Address => _app.Urls.First() + "/v1/";

    public string Answer { get; set; } = "";

    public int Status { get; set; } = 200;

    public JsonElement Asked { get; private set; }

    public string? Key { get; private set; }

    public bool IsSilent { get; set; }

    public static async Task<StandInAssistant> StartAsync()
    {
        var server = new StandInAssistant();
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Assert.Equal("/v1/chat/completions", context.Request.Path);
        using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: TestContext.Current.CancellationToken);
        (Asked, Key) = (body.RootElement.Clone(), context.Request.Headers.Authorization);
        if (IsSilent)
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        context.Response.StatusCode = Status;
        await context.Response.WriteAsync(Answer, TestContext.Current.CancellationToken);
    }

    /// <summary>An answer of these words.</summary>
    public static string Saying(string text) => $$"""{"choices":[{"message":{"role":"assistant","content":"{{JsonEncodedText.Encode(text)}}"} } ] }""";
}
