using System.Text;

namespace SdStudio.Server.Http.Requests;

/// <summary>
/// Server-sent events with comments in between: TypedResults.ServerSentEvents has none, and without them proxies close a stream that
/// waits for its turn in the queue.
/// </summary>
internal sealed class SseWriter(Stream stream, CancellationToken cancellation)
{
    /// <summary>An answer of events that no proxy keeps back.</summary>
    public static IResult Answer(HttpResponse response, Func<SseWriter, Task> write)
    {
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        CancellationToken left = response.HttpContext.RequestAborted;
        return Results.Stream(stream => write(new SseWriter(stream, left)), "text/event-stream");
    }

    public Task EventAsync(string type, string data) => WriteAsync($"event: {type}\ndata: {data}\n\n");

    public Task CommentAsync(string text) => WriteAsync($": {text}\n\n");

    private async Task WriteAsync(string text)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
        await stream.FlushAsync(cancellation);
    }
}
