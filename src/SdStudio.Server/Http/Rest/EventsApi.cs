using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using SdStudio.Server.Events;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.Rest;

/// <summary>What happens, as it happens: <c>/ws</c> and, for those who only listen, <c>GET /api/events</c>.</summary>
internal static class EventsApi
{
    private const int MaxMessageBytes = 4096;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void MapEventsApi(this IEndpointRouteBuilder app)
    {
        app.MapGet("/ws", WebSocketAsync).WithTags("Events").WithSummary("Events over a WebSocket: {\"type\":\"subscribe\",\"channel\":\"queue\"}");
        app.MapGet("/api/events", StreamAsync)
            .GivesFile("Events", "The same as server-sent events; Last-Event-ID goes on where a client stopped", "text/event-stream", 400)
            .Asks(("channels", "Some of queue, generations, models, previews, with commas between"));
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
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var sending = new SemaphoreSlim(1, 1);
        async Task SendAsync(ReadOnlyMemory<byte> message)
        {
            await sending.WaitAsync(leave.Token);
            try
            {
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, leave.Token);
            }
            finally
            {
                sending.Release();
            }
        }

        try
        {
            await SendAsync(Message($$"""{"type":"connected","channels":{{ChannelList}},"timestamp":{{Now(time)}}}"""));
            Task pushing = PushAsync(subscription, SendAsync, leave.Token);
            Task receiving = ReceiveAsync(socket, subscription, SendAsync, time, leave.Token);
            Task first = await Task.WhenAny(pushing, receiving);
            await first;
            await leave.CancelAsync();
            await Task.WhenAll(pushing, receiving);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // It left without a word, or the server stops.
        }

        await CloseAsync(socket, lifetime);
    }

    private static async Task CloseAsync(WebSocket socket, IHostApplicationLifetime lifetime)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
            return;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            bool stopping = lifetime.ApplicationStopping.IsCancellationRequested;
            await socket.CloseOutputAsync(
                stopping ? WebSocketCloseStatus.EndpointUnavailable : WebSocketCloseStatus.NormalClosure, stopping ? "The server is stopping" : null, patience.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // Gone already.
        }
    }

    private static async Task PushAsync(EventSubscription subscription, Func<ReadOnlyMemory<byte>, Task> send, CancellationToken cancellation)
    {
        await foreach (StudioEvent? happened in subscription.ReadAsync(Heartbeat, cancellation))
        {
            if (happened is not null)
                await send(happened.Message);
        }
    }

    private static async Task ReceiveAsync(
        WebSocket socket, EventSubscription subscription, Func<ReadOnlyMemory<byte>, Task> send, TimeProvider time, CancellationToken cancellation)
    {
        var buffer = new byte[MaxMessageBytes];
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation);
            length += part.Count;
            if (part.MessageType == WebSocketMessageType.Close || length == buffer.Length)
                return;
            if (!part.EndOfMessage)
                continue;
            if (Answer(buffer.AsMemory(0, length), subscription, time) is { } answer)
                await send(Message(answer));
            length = 0;
        }
    }

    // What makes no sense is not answered, as in the original.
    private static string? Answer(ReadOnlyMemory<byte> message, EventSubscription subscription, TimeProvider time)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(message);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("type", out JsonElement type))
                return null;
            string? channel = document.RootElement.TryGetProperty("channel", out JsonElement named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
            switch (type.ValueKind == JsonValueKind.String ? type.GetString() : null)
            {
                case "ping":
                    return $$"""{"type":"pong","timestamp":{{Now(time)}}}""";
                case "subscribe" when channel is not null && EventChannel.All.Contains(channel):
                    subscription.Add(channel);
                    return $$"""{"type":"subscribed","channel":"{{channel}}","timestamp":{{Now(time)}}}""";
                case "subscribe":
                    return $$"""{"type":"error","error":"There is no such channel","channels":{{ChannelList}},"timestamp":{{Now(time)}}}""";
                case "unsubscribe" when channel is not null:
                    subscription.Remove(channel);
                    return null;
                default:
                    return null;
            }
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string ChannelList { get; } = $"[{string.Join(",", EventChannel.All.Select(channel => $"\"{channel}\""))}]";

    private static string Now(TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private static byte[] Message(string text) => Encoding.UTF8.GetBytes(text);
}
