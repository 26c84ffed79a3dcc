using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Assistant;

/// <summary>Asks the language model about prompts.</summary>
internal sealed class PromptAssistant(IChatClient client, LiveLimits limits, IOptions<StudioOptions> options)
{
    private const string Endpoint = "SdStudio:Assistant:Endpoint";
    private const string Thought = "</think>";
    private const int Quality = 90;

    private const string Expanding =
        "You write prompts for an image generator. The user sends a short idea. Answer with one prompt of at most 120 words that shows the same subject, with concrete details of setting, light, "
        + "composition and style. Keep names, numbers, quoted text and everything in angle brackets or double underscores exactly as written. Answer with the prompt alone: no quotes, no explanation.";

    private const string Describing =
        "Describe this image as a prompt for an image generator, in one paragraph of at most 100 words: subject, setting, light, composition, style. Answer with the prompt alone.";

    private readonly AssistantOptions _options = options.Value.Assistant;

    /// <summary>A longer prompt of a short one.</summary>
    /// <exception cref="BadRequestException">There is no language model, or it does not help.</exception>
    public Task<string> ExpandAsync(string prompt, long? seed, CancellationToken cancellation) =>
        AskAsync([new ChatMessage(ChatRole.System, Expanding), new ChatMessage(ChatRole.User, prompt)], seed, cancellation);

    /// <summary>A prompt for an image.</summary>
    /// <exception cref="BadRequestException">There is no language model, or it does not help.</exception>
    public Task<string> DescribeAsync(ImageBuffer image, CancellationToken cancellation)
    {
        Require();
        byte[] jpeg = ImageFiles.Encoded(image, ImageFormats.Jpeg, Quality);
        return AskAsync([new ChatMessage(ChatRole.User, [new TextContent(Describing), new DataContent(jpeg, "image/jpeg")])], seed: null, cancellation);
    }

    /// <summary>Refuses what needs a language model, where there is none.</summary>
    /// <exception cref="BadRequestException">501: the setting is empty.</exception>
    public void Require()
    {
        if (_options.Endpoint.Length == 0)
            throw new BadRequestException($"This needs a language model: set {Endpoint} to its OpenAI-compatible address, e.g. http://localhost:11434/v1", statusCode: StatusCodes.Status501NotImplemented);
    }

    private async Task<string> AskAsync(IReadOnlyList<ChatMessage> messages, long? seed, CancellationToken cancellation)
    {
        Require();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(_options.TimeoutSeconds));
        try
        {
            ChatResponse response = await client.GetResponseAsync(messages, new ChatOptions { Seed = seed, MaxOutputTokens = _options.MaxTokens }, patience.Token);
            return Cleaned(response.Text) is { Length: > 0 } text ? text : throw Failed("answered without words");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new BadRequestException($"The language model at {Endpoint} did not answer within {_options.TimeoutSeconds} seconds", statusCode: StatusCodes.Status504GatewayTimeout);
        }
        catch (HttpRequestException exception)
        {
            throw Failed(exception.StatusCode is { } status ? $"answered {(int)status}; are SdStudio:Assistant:Model and ApiKey right?" : "cannot be reached");
        }
        catch (JsonException)
        {
            throw Failed("does not answer as OpenAI's chat completions do; is it the address before /chat/completions?");
        }
    }

    private static BadRequestException Failed(string what) => new($"The language model at {Endpoint} {what}", statusCode: StatusCodes.Status502BadGateway);

    // Some think aloud first, and many put quotes around what is no quotation.
    private string Cleaned(string text)
    {
        int thought = text.LastIndexOf(Thought, StringComparison.Ordinal);
        string answer = (thought >= 0 ? text[(thought + Thought.Length)..] : text).Replace('\0', ' ').Trim();
        if (answer.Length > 1 && answer[0] == '"' && answer[^1] == '"' && answer.AsSpan(1, answer.Length - 2).IndexOf('"') < 0)
            answer = answer[1..^1].Trim();
        // A prompt that no request would take is of no use.
        int most = limits.Now.MaxPromptBytes;
        return Encoding.UTF8.GetByteCount(answer) <= most ? answer : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(answer).AsSpan(0, most)).TrimEnd('\uFFFD').Trim();
    }
}
