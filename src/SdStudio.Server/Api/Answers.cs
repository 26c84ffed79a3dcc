using System.Text.Json.Serialization;

namespace SdStudio.Server.Api;

// The shapes of rest-api.md; names are snake_case unless the document writes them otherwise.

internal sealed record ErrorAnswer(
    string Error, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null);

internal sealed record HealthAnswer(string Status, string Timestamp);

internal sealed record ConfigAnswer(
    [property: JsonPropertyName("sdApiEndpoint")] string SdApiEndpoint,
    string? Model,
    [property: JsonPropertyName("authEnabled")] bool AuthEnabled);

internal sealed record GenerateAnswer(string Id, long Created, IReadOnlyList<GenerateAnswerImage> Data);

internal sealed record GenerateAnswerImage(string Id, int Index, string? RevisedPrompt);

internal sealed record AcceptedAnswer(string Id, string JobId, string Status);

internal sealed record ModelsAnswer(IReadOnlyList<ModelAnswer> Models, string? Default, DefaultModelsAnswer DefaultModels);

internal sealed record DefaultModelsAnswer(string? TextToImage, string? ImageToImage);

internal sealed record ModelAnswer(
    string Id,
    string Name,
    string? Description,
    IReadOnlyList<string> Capabilities,
    string ExecMode,
    string Mode,
    int? Port,
    string Status,
    [property: JsonPropertyName("fileStatus")] FileStatusAnswer FileStatus,
    HuggingFaceAnswer? Huggingface,
    string DefaultSize,
    GenerationParamsAnswer GenerationParams,
    bool SupportsNegativePrompt)
{
    /// <summary>The original studio's own spelling, which its page reads.</summary>
    [JsonPropertyName("execMode")]
    public string ExecModeOfTheOriginal => ExecMode;
}

internal sealed record GenerationParamsAnswer(double CfgScale, int SampleSteps, string? SamplingMethod);

internal sealed record FileStatusAnswer(
    [property: JsonPropertyName("allFilesExist")] bool AllFilesExist, IReadOnlyList<ModelFileAnswer> Files);

internal sealed record ModelFileAnswer(
    [property: JsonPropertyName("fileName")] string FileName, bool Exists, [property: JsonPropertyName("filePath")] string FilePath);

internal sealed record HuggingFaceAnswer(string Repo);

internal sealed record GenerationAnswer(
    string Id, string Type, string Model, string Prompt, string? NegativePrompt, string Size, string Seed, int N, int Steps, double CfgScale,
    string? Sampler, string? Scheduler, int ClipSkip, string? Quality, string? Style, string Status, double Progress, string? Error,
    long CreatedAt, long UpdatedAt, long? StartedAt, long? CompletedAt, long? ModelLoadingTimeMs, long? GenerationTimeMs, int ImageCount,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ImageAnswer>? Images = null);

internal sealed record ImageAnswer(
    string Id, string GenerationId, int IndexInBatch, string FilePath, string MimeType, int Width, int Height, string Seed, string? RevisedPrompt);
