using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Assistant;

/// <summary>
/// A language model with OpenAI's chat completions, as llama.cpp, Ollama, LM Studio and others have them. OpenAI's own library is larger than
/// this whole server needs for one call.
/// </summary>
internal sealed class ChatCompletions(IHttpClientFactory clients, IOptions<StudioOptions> options) : IChatClient
{
    /// <summary>The name of the client.</summary>
    public const string Client = "assistant";

    private const int MaxAnswerBytes = 1024 * 1024;
    private readonly AssistantOptions _options = options.Value.Assistant;

    /// <exception cref="HttpRequestException">It cannot be reached, or refuses.</exception>
    /// <exception cref="JsonException">Its answer is none of this API.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using HttpClient http = clients.CreateClient(Client);
        http.MaxResponseContentBufferSize = MaxAnswerBytes;
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_options.Endpoint.TrimEnd('/') + "/chat/completions"))
        {
            Content = new StringContent(BodyOf(messages, options).ToJsonString(), Encoding.UTF8, "application/json"),
        };
        if (_options.ApiKey.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.ApiKey);
        using HttpResponseMessage response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
        string text = TextOf(answer.RootElement) ?? throw new JsonException();
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, text));
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (ChatResponseUpdate update in (await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)).ToChatResponseUpdates())
            yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // The factory owns the connections.
    }

    private JsonObject BodyOf(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var list = new JsonArray();
        foreach (ChatMessage message in messages)
            list.Add((JsonNode)new JsonObject { ["role"] = message.Role.Value, ["content"] = ContentOf(message) });
        var body = new JsonObject { ["messages"] = list, ["stream"] = false, ["max_tokens"] = options?.MaxOutputTokens ?? _options.MaxTokens };
        if (_options.Model.Length > 0)
            body["model"] = _options.Model;
        if (options?.Seed is { } seed)
            body["seed"] = seed;
        return body;
    }

    private static JsonNode ContentOf(ChatMessage message)
    {
        if (message.Contents is [TextContent only])
            return only.Text;
        var parts = new JsonArray();
        foreach (AIContent content in message.Contents)
        {
            if (content is TextContent text)
                parts.Add((JsonNode)new JsonObject { ["type"] = "text", ["text"] = text.Text });
            else if (content is DataContent data)
                parts.Add((JsonNode)new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = data.Uri } });
        }

        return parts;
    }

    private static string? TextOf(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("choices", out JsonElement choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0
        && choices[0].ValueKind == JsonValueKind.Object && choices[0].TryGetProperty("message", out JsonElement message) && message.ValueKind == JsonValueKind.Object
        && message.TryGetProperty("content", out JsonElement content) ? Requests.RequestFields.TextOf(content) : null;
}
