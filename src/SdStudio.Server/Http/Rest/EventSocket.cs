using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using SdStudio.Server.Events;

namespace SdStudio.Server.Http.Rest;

/// <summary>One client of <c>/ws</c>: sends it the events of the channels it subscribed to, and answers what it says.</summary>
internal sealed class EventSocket(WebSocket socket, EventSubscription subscription, TimeSpan heartbeat, TimeProvider time) : IDisposable
{
    private const int MaxMessageBytes = 4096;
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _sending = new(1, 1);

    private static string ChannelList { get; } = $"[{string.Join(",", EventChannel.All.Select(channel => $"\"{channel}\""))}]";

    private string Now => time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    public void Dispose() => _sending.Dispose();

    /// <summary>Ends when the client leaves, or with a close frame when the server stops.</summary>
    public async Task RunAsync(CancellationToken clientLeft, CancellationToken stopping)
    {
        // Cancelling a receive or a send breaks the connection: a stop cancels the wait for events only, and the farewell goes out first.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(clientLeft);
        using var noMoreEvents = CancellationTokenSource.CreateLinkedTokenSource(clientLeft, stopping);
        Task pushing = PushAsync(noMoreEvents.Token, end.Token);
        Task<bool> receiving = ReceiveAsync(end.Token);
        await Task.WhenAny(pushing, receiving);
        (WebSocketCloseStatus status, string? reason) =
            stopping.IsCancellationRequested ? (WebSocketCloseStatus.EndpointUnavailable, "The server is stopping")
            : receiving is { IsCompletedSuccessfully: true, Result: false } ? (WebSocketCloseStatus.MessageTooBig, $"A message has at most {MaxMessageBytes} bytes")
            : (WebSocketCloseStatus.NormalClosure, (string?)null);
        end.CancelAfter(FarewellPatience);
        await noMoreEvents.CancelAsync();
        await QuietlyAsync(CloseAsync(status, reason, end.Token));
        await QuietlyAsync(pushing);
        await QuietlyAsync(receiving);
    }

    // A client that leaves without a word, or does not answer the farewell, is no error.
    private static async Task QuietlyAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // Gone already.
        }
    }

    private async Task CloseAsync(WebSocketCloseStatus status, string? reason, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(status, reason, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            if (socket.State is WebSocketState.Open)
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task PushAsync(CancellationToken noMoreEvents, CancellationToken end)
    {
        await SendAsync(Message($$"""{"type":"connected","channels":{{ChannelList}},"timestamp":{{Now}}}"""), end);
        await foreach (StudioEvent? happened in subscription.ReadAsync(heartbeat, noMoreEvents))
        {
            if (happened is not null)
                await SendAsync(happened.Message, end);
        }
    }

    /// <returns>False for a message that is too long; true when the client has closed.</returns>
    private async Task<bool> ReceiveAsync(CancellationToken end)
    {
        var buffer = new byte[MaxMessageBytes + 1];
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(length), end);
            length += part.Count;
            if (part.MessageType == WebSocketMessageType.Close)
                return true;
            if (length > MaxMessageBytes)
                return false;
            if (!part.EndOfMessage)
                continue;
            if (Answer(buffer.AsMemory(0, length)) is { } answer)
                await SendAsync(Message(answer), end);
            length = 0;
        }
    }

    // What makes no sense is not answered, as in the original.
    private string? Answer(ReadOnlyMemory<byte> message)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(message);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            string? channel = TextOf(document.RootElement, "channel");
            switch (TextOf(document.RootElement, "type"))
            {
                case "ping":
                    return $$"""{"type":"pong","timestamp":{{Now}}}""";
                case "subscribe" when channel is not null && EventChannel.All.Contains(channel):
                    subscription.Add(channel);
                    return $$"""{"type":"subscribed","channel":"{{channel}}","timestamp":{{Now}}}""";
                case "subscribe":
                    return $$"""{"type":"error","error":"There is no such channel","channels":{{ChannelList}},"timestamp":{{Now}}}""";
                case "unsubscribe" when channel is not null:
                    subscription.Remove(channel);
                    return null;
                default:
                    return null;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or text that is no text: half a surrogate pair.
            return null;
        }
    }

    private static string? TextOf(JsonElement message, string name) =>
        message.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Message(string text) => Encoding.UTF8.GetBytes(text);
}
