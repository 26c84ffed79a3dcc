using System.Net.WebSockets;
using System.Text;
using SdStudio.Server.Events;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.Rest;

/// <summary>Events as they happen: <c>/ws</c> and, for those who only listen, <c>GET /api/events</c>.</summary>
internal static class EventsApi
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void MapEventsApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/ws", WebSocketAsync).RequireSameOrigin().ExcludeFromDescription();
        app.MapGet("/api/events", StreamAsync)
            .ProducesFile("streamEvents", "Events", "Server-sent events; Last-Event-ID resumes where a client stopped", "text/event-stream", 400)
            .WithQuery(new QueryParameter("channels", "Some of queue, generations, models, previews, separated by commas"))
            .RequireSameOrigin();
    }

    private static async Task StreamAsync(HttpContext context, IEventLog log, IHostApplicationLifetime lifetime)
    {
        var query = new RequestQuery(context.Request);
        string[] channels = query.Text("channels")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            ?? [EventChannel.Queue, EventChannel.Generations, EventChannel.Models];
        if (Array.Find(channels, channel => !EventChannel.All.Contains(channel)) is { } unknown)
            throw new BadRequestException($"channels has '{RequestFields.Shown(unknown)}'; allowed are: {string.Join(", ", EventChannel.All)}");
        EventPosition? last = EventPosition.Parse(context.Request.Headers["Last-Event-ID"].ToString()) ?? EventPosition.Parse(query.Text("last_event_id"));
        using EventSubscription subscription = log.Subscribe(channels, ApiKeys.ScopeOf(context), last);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await WriteAsync(context.Response, ": connected\n\n", leave.Token);
            await foreach (StudioEvent? happened in subscription.ReadAsync(Heartbeat, leave.Token))
                await WriteAsync(context.Response, happened is null ? ": heartbeat\n\n" : Text(happened, log), leave.Token);
        }
        catch (OperationCanceledException)
        {
            // The client left, or the server stops.
        }
    }

    private static string Text(StudioEvent happened, IEventLog log)
    {
        string id = happened.Number > 0 ? $"id: {new EventPosition(log.Epoch, happened.Number)}\n" : "";
        return $"{id}event: {happened.Type}\ndata: {Encoding.UTF8.GetString(happened.Type == StudioEvent.ResetType ? happened.Data.Span : happened.Message.Span)}\n\n";
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellation)
    {
        await response.WriteAsync(text, cancellation);
        await response.Body.FlushAsync(cancellation);
    }

    private static async Task WebSocketAsync(HttpContext context, IEventLog log, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        if (!context.WebSockets.IsWebSocketRequest)
            throw new BadRequestException("This address speaks WebSocket only; /api/events has the same as server-sent events");
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        using EventSubscription subscription = log.Subscribe([], ApiKeys.ScopeOf(context));
        using var session = new EventSocket(socket, subscription, Heartbeat, time);
        await session.RunAsync(context.RequestAborted, lifetime.ApplicationStopping);
    }
}
