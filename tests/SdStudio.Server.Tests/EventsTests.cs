using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Tests;

public sealed class EventsTests(Workshop studio)
{
    private const string Small = """{"model":"demo","prompt":"a red circle","size":"64x64","steps":8}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<ClientWebSocket> ConnectAsync(StudioServer server, params string[] channels)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(server.Http.BaseAddress!.ToString().Replace("http", "ws", StringComparison.Ordinal) + "ws"), Cancellation);
        JsonElement hello = await ReceiveAsync(socket);
        Assert.Equal("connected", hello.GetProperty("type").GetString());
        foreach (string channel in channels)
        {
            await SendAsync(socket, $$"""{"type":"subscribe","channel":"{{channel}}"}""");
            JsonElement answer = await ReceiveAsync(socket);
            Assert.Equal(("subscribed", channel), (answer.GetProperty("type").GetString(), answer.GetProperty("channel").GetString()));
        }

        return socket;
    }

    private static Task SendAsync(ClientWebSocket socket, string text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, Cancellation);

    private static async Task<JsonElement> ReceiveAsync(ClientWebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
            Assert.NotEqual(WebSocketMessageType.Close, part.MessageType);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        using JsonDocument document = JsonDocument.Parse(message.ToArray());
        return document.RootElement.Clone();
    }

    private static async Task<List<JsonElement>> UntilAsync(Func<Task<JsonElement>> next, params string[] types)
    {
        List<JsonElement> seen = [];
        while (types.Except(seen.Select(Type)).Any())
            seen.Add(await next());
        return seen;
    }

    private static string Type(JsonElement happened) => happened.GetProperty("type").GetString()!;

    [Fact]
    public async Task The_web_socket_tells_a_jobs_life()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        using ClientWebSocket socket = await ConnectAsync(server, "queue", "generations");

        (string id, string[] images) = await server.GenerateImagesAsync(Small);
        List<JsonElement> seen = await UntilAsync(() => ReceiveAsync(socket), "job_completed", "generation_completed", "generation_complete");

        Assert.All(seen, happened => Shape.Has(happened, ("channel", Shape.Text), ("type", Shape.Text), ("data", Shape.Object)));
        Assert.All(seen, happened => Assert.Equal(id, happened.GetProperty("data").GetProperty(Type(happened) == "image_completed" ? "generation_id" : "id").GetString()));
        Assert.Contains(seen, happened => Type(happened) == "image_completed" && happened.GetProperty("data").GetProperty("id").GetString() == images[0]);
        Assert.Equal("job_created", Type(seen[0]));
        Assert.Contains(seen, happened => Type(happened) == "job_updated" && happened.GetProperty("data").GetProperty("status").GetString() == "processing");
        List<JsonElement> progress = seen.FindAll(happened => Type(happened) == "job_progress");
        Assert.NotEmpty(progress);
        double[] fractions = [.. progress.Select(happened => happened.GetProperty("data").GetProperty("progress").GetDouble())];
        Assert.Equal(fractions.Order(), fractions);
        Assert.Contains(progress, happened => happened.GetProperty("data").GetProperty("phase").GetString() is "sample" or "decode" or "load" or "encode");
        JsonElement done = seen.Find(happened => Type(happened) == "generation_completed");
        Assert.Equal("generations", done.GetProperty("channel").GetString());
        Assert.Equal(images[0], done.GetProperty("data").GetProperty("images")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Failures_and_cancellations_are_told()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        using ClientWebSocket socket = await ConnectAsync(server, "queue");
        await server.GenerateAsync("""{"model":"black","prompt":"a red circle","steps":1}""");
        List<JsonElement> seen = await UntilAsync(() => ReceiveAsync(socket), "job_failed");
        Assert.Contains("black", seen[^1].GetProperty("data").GetProperty("error").GetString(), StringComparison.Ordinal);

        string id = await server.QueueAsync("""{"model":"demo","prompt":"a red circle","size":"128x128","steps":150}""");
        await server.WaitForAsync(id, "processing");
        await server.SendAsync(HttpMethod.Delete, $"/api/queue/{id}");
        seen = await UntilAsync(() => ReceiveAsync(socket), "job_cancelled");
        Assert.Equal("cancelled", seen[^1].GetProperty("data").GetProperty("status").GetString());
    }

    [Fact]
    public async Task An_image_is_shown_while_it_is_generated()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Previews=decoded");
        using ClientWebSocket socket = await ConnectAsync(server, "previews");
        string id = await server.QueueAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"128x128","steps":8,"seed":1}""");

        JsonElement shown = await ReceiveAsync(socket);

        Assert.Equal(("previews", "job_preview"), (shown.GetProperty("channel").GetString(), Type(shown)));
        JsonElement data = shown.GetProperty("data");
        Assert.Equal(id, data.GetProperty("id").GetString());
        byte[] webp = Convert.FromBase64String(data.GetProperty("image").GetString()!);
        using NetVips.Image image = NetVips.Image.NewFromBuffer(webp);
        Assert.Equal((128, 128), (image.Width, image.Height));
        double[] middle = image.Getpoint(64, 64);
        Assert.True(middle[0] > middle[2] + 50, "the middle is not red");
        using HttpResponseMessage asked = await server.Http.GetAsync($"/api/queue/{id}/preview", Cancellation);
        Assert.Equal((HttpStatusCode.OK, "image/webp"), (asked.StatusCode, asked.Content.Headers.ContentType?.MediaType));
        await server.WaitForAsync(id, "completed");
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"/api/queue/{id}/preview")).Status);
    }

    [Fact]
    public async Task The_state_of_a_model_is_told()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        using ClientWebSocket socket = await ConnectAsync(server, "models");

        await server.GenerateImagesAsync(Small);

        JsonElement starting = await ReceiveAsync(socket);
        JsonElement running = await ReceiveAsync(socket);
        Assert.Equal(("models", "model_status_changed"), (starting.GetProperty("channel").GetString(), Type(starting)));
        Assert.Equal(("demo", "starting"), (starting.GetProperty("data").GetProperty("modelId").GetString(), starting.GetProperty("data").GetProperty("status").GetString()));
        Assert.Equal("running", running.GetProperty("data").GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_channel_is_left_and_a_ping_is_answered_and_nonsense_is_not()
    {
        using ClientWebSocket socket = await ConnectAsync(studio.Server, "queue");
        await SendAsync(socket, """{"type":"unsubscribe","channel":"queue"}""");
        await SendAsync(socket, "nonsense");
        await SendAsync(socket, "[1]");
        await SendAsync(socket, """{"type":7}""");
        await SendAsync(socket, """{"type":"subscribe","channel":"gossip"}""");
        Assert.Equal("error", Type(await ReceiveAsync(socket)));

        await studio.Server.GenerateImagesAsync(Small);
        await SendAsync(socket, """{"type":"ping"}""");

        Assert.Equal("pong", Type(await ReceiveAsync(socket)));
    }

    [Fact]
    public async Task The_same_comes_as_server_sent_events_and_goes_on_where_a_client_stopped()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string last;
        using (SseReader first = await SseReader.OpenAsync(server, null))
        {
            await server.GenerateImagesAsync(Small);
            SseEvent created = await first.NextAsync("job_created");
            Assert.Equal("job_created", created.Data.GetProperty("type").GetString());
            last = created.Id!;
        }

        // Nobody listens meanwhile.
        (string second, _) = await server.GenerateImagesAsync(Small);
        using SseReader again = await SseReader.OpenAsync(server, last);
        Assert.NotEqual(last, (await again.NextAsync("job_updated")).Id);
        SseEvent missed = await again.NextAsync("job_created");
        Assert.Equal(second, missed.Data.GetProperty("data").GetProperty("id").GetString());
        await again.NextAsync("generation_completed");

        using SseReader stranger = await SseReader.OpenAsync(server, "1-1");
        await stranger.NextAsync("reset");
        (HttpStatusCode status, JsonElement body) = await server.GetAsync("/api/events?channels=gossip");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("queue, generations, models, previews", Shape.Error(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_stops_says_so_before_it_closes_a_socket()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        using ClientWebSocket socket = await ConnectAsync(server, "queue");

        Task stop = server.StopAsync();
        ValueWebSocketReceiveResult end = await socket.ReceiveAsync(new byte[4096].AsMemory(), Cancellation);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
        await stop;

        Assert.Equal(WebSocketMessageType.Close, end.MessageType);
        Assert.Equal((WebSocketCloseStatus.EndpointUnavailable, "The server is stopping"), (socket.CloseStatus, socket.CloseStatusDescription));
    }

    [Fact]
    public async Task A_message_that_is_too_long_closes_the_socket_with_the_reason()
    {
        using ClientWebSocket socket = await ConnectAsync(studio.Server);
        await SendAsync(socket, new string(' ', 4097));

        ValueWebSocketReceiveResult end = await socket.ReceiveAsync(new byte[4096].AsMemory(), Cancellation);

        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.MessageTooBig), (end.MessageType, socket.CloseStatus));
        Assert.Contains("4096", socket.CloseStatusDescription, StringComparison.Ordinal);
    }

    private sealed record SseEvent(string? Id, string Type, JsonElement Data);

    private sealed class SseReader(HttpResponseMessage response, StreamReader reader) : IDisposable
    {
        public static async Task<SseReader> OpenAsync(StudioServer server, string? lastId)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/events");
            if (lastId is not null)
                request.Headers.Add("Last-Event-ID", lastId);
            HttpResponseMessage response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
            var opened = new SseReader(response, reader);
            if (lastId is null)
                Assert.Equal(": connected", await reader.ReadLineAsync(Cancellation));
            return opened;
        }

        public async Task<SseEvent> NextAsync(string type)
        {
            string? id = null, name = null, data = null;
            while (await reader.ReadLineAsync(Cancellation) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                    id = line[4..];
                else if (line.StartsWith("event: ", StringComparison.Ordinal))
                    name = line[7..];
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                    data = line[6..];
                else if (line.Length == 0 && name == type)
                    return new SseEvent(id, name, JsonDocument.Parse(data!).RootElement);
            }

            throw new InvalidOperationException($"The stream ended before {type} came.");
        }

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
        }
    }
}
