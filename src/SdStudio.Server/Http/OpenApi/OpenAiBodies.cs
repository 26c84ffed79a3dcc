using System.ComponentModel;

namespace SdStudio.Server.Http.OpenApi;

// As in ClientBodies.cs, for the surface of OpenAI.

/// <summary>Images from a prompt.</summary>
internal sealed record OpenAiGenerationBody
{
    public required string Prompt { get; init; }

    public string? Model { get; init; }

    public int? N { get; init; }

    [Description("auto or WIDTHxHEIGHT")]
    public string? Size { get; init; }

    public string? Quality { get; init; }

    [Description("url or b64_json")]
    public string? ResponseFormat { get; init; }

    [Description("png, jpeg or webp")]
    public string? OutputFormat { get; init; }

    public int? OutputCompression { get; init; }

    [Description("Server-sent events in place of one answer")]
    public bool? Stream { get; init; }

    public int? PartialImages { get; init; }
}

/// <summary>Images from an image.</summary>
internal sealed record OpenAiEditForm
{
    public required string Image { get; init; }

    public string? Mask { get; init; }

    public string? Prompt { get; init; }

    public string? Model { get; init; }

    public int? N { get; init; }

    public string? Size { get; init; }

    public string? ResponseFormat { get; init; }
}

internal sealed record OpenAiImage
{
    public string? B64Json { get; init; }

    public string? Url { get; init; }
}

internal sealed record OpenAiImagesAnswer(long Created, IReadOnlyList<OpenAiImage> Data);

/// <summary>A video from words.</summary>
internal sealed record OpenAiVideoBody
{
    public required string Prompt { get; init; }

    [Description("A model that makes videos; default: the first one")]
    public string? Model { get; init; }

    [Description("The length in seconds, as text")]
    public string? Seconds { get; init; }

    [Description("WIDTHxHEIGHT")]
    public string? Size { get; init; }

    [Description("The first frame: a file, base64 or a data URL")]
    public string? InputReference { get; init; }
}

/// <param name="Id">The job's.</param>
/// <param name="Object">video.</param>
/// <param name="Model">The model's id.</param>
/// <param name="Status">queued, in_progress, completed or failed.</param>
/// <param name="Progress">0 to 100.</param>
/// <param name="CreatedAt">Unix seconds.</param>
/// <param name="CompletedAt">Unix seconds; null before.</param>
/// <param name="Size">WIDTHxHEIGHT.</param>
/// <param name="Seconds">How long it runs, as text.</param>
/// <param name="Error">Why it failed; null for no failure.</param>
internal sealed record OpenAiVideo(
    string Id, string Object, string Model, string Status, int Progress, long CreatedAt, long? CompletedAt, string Size, string Seconds, OpenAiVideoError? Error);

internal sealed record OpenAiVideoError(string Code, string Message);

internal sealed record OpenAiVideosAnswer(string Object, IReadOnlyList<OpenAiVideo> Data, string? FirstId, string? LastId, bool HasMore);

internal sealed record OpenAiDeletedVideo(string Id, string Object, bool Deleted);

internal sealed record OpenAiModel(string Id, string Object, long Created, string OwnedBy);

internal sealed record OpenAiModelsAnswer(string Object, IReadOnlyList<OpenAiModel> Data);

internal sealed record OpenAiError(string Message, string Type, string? Param, string? Code);

internal sealed record OpenAiErrorAnswer(OpenAiError Error);
