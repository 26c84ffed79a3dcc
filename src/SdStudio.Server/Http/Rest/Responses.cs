using System.Text.Json;
using System.Text.Json.Serialization;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

// The shapes of rest-api.md; names are snake_case unless the document writes them otherwise.

internal sealed record ErrorResponse(
    string Error, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null);

/// <param name="Status">ok.</param>
/// <param name="Timestamp">The server's time, UTC.</param>
/// <param name="Engine">The engine; null before it is loaded, or if loading failed.</param>
/// <param name="Devices">What it computes on.</param>
/// <param name="Backend">The backend in use, e.g. cpu or vulkan; null before it is loaded.</param>
/// <param name="BackendReason">Why that backend was chosen.</param>
internal sealed record HealthResponse(
    string Status, string Timestamp, string? Engine, IReadOnlyList<string> Devices, string? Backend, string? BackendReason)
{
    /// <summary>The video formats that this server can write; mp4 and webm need ffmpeg.</summary>
    public IReadOnlyList<string> VideoFormats { get; init; } = [];

    /// <summary>The devices that run jobs, as named in jobs and <c>GET /api/devices</c>.</summary>
    public IReadOnlyList<string> JobDevices { get; init; } = [];

    /// <summary>The commit the engine was built from; null when unknown.</summary>
    public string? EngineCommit { get; init; }

    /// <summary>The version of SdStudio.</summary>
    public string Version { get; } = StudioVersion.Text;

    /// <summary>How often the watcher has started the server again after an abnormal end.</summary>
    public int Restarts { get; init; }

    /// <summary>Time and reason of the last restart; null for none.</summary>
    public LastEndResponse? LastEnd { get; init; }
}

internal sealed record LastEndResponse(DateTimeOffset At, string Reason);

internal sealed record ProbeResponse(string Status, string? Reason);

internal sealed record ConfigResponse(
    [property: JsonPropertyName("sdApiEndpoint")] string SdApiEndpoint,
    string? Model,
    [property: JsonPropertyName("authEnabled")] bool AuthEnabled,
    [property: JsonPropertyName("keyPassed")] bool KeyPassed,
    [property: JsonPropertyName("keyValid")] bool KeyValid)
{
    /// <summary>The engine's samplers; empty before it is loaded.</summary>
    public IReadOnlyList<string> Samplers { get; init; } = [];

    /// <summary>The engine's schedulers; empty before it is loaded.</summary>
    public IReadOnlyList<string> Schedulers { get; init; } = [];

    /// <summary>Whether a language model helps with prompts: POST /api/prompts/expand and /sdapi/v1/interrogate.</summary>
    public bool Assistant { get; init; }

    /// <summary>The limits of one request.</summary>
    public required LimitsResponse Limits { get; init; }
}

/// <param name="MaxSide">Longest side of an image, pixels.</param>
/// <param name="MaxPixels">Width × height of an image.</param>
/// <param name="MaxSteps">Sampling steps.</param>
/// <param name="MaxImages">Images of a request.</param>
/// <param name="MaxRequestBytes">Bytes of a request, including its images.</param>
internal sealed record LimitsResponse(int MaxSide, int MaxPixels, int MaxSteps, int MaxImages, int MaxRequestBytes);

internal sealed record ControlNetsResponse(IReadOnlyList<ControlNetResponse> Controlnets);

/// <param name="Name">For requests: its file's name in the folder of ControlNets.</param>
/// <param name="Id">For POST /api/models/download; null for one that the catalogue does not have.</param>
/// <param name="Description">What it follows; null if unknown.</param>
/// <param name="Exists">Whether its file exists.</param>
/// <param name="Family">The family of models that it fits, from its file; null if unknown.</param>
/// <param name="Downloadable">Whether POST /api/models/download with its id fetches the file.</param>
/// <param name="DownloadBytes">The size of that download; null if the catalogue does not say.</param>
/// <param name="License">Its licence; null if unknown.</param>
internal sealed record ControlNetResponse(string Name, string? Id, string? Description, bool Exists, string? Family, bool Downloadable, long? DownloadBytes, string? License);

internal sealed record UpscalersResponse(IReadOnlyList<UpscalerResponse> Upscalers);

/// <param name="Id">Usable in requests, like the name.</param>
/// <param name="Name">For people.</param>
/// <param name="Description">What it is good for; null if unknown.</param>
/// <param name="Scale">Its scale; 1 for one that resamples to any size.</param>
/// <param name="Exists">Whether it can be used: its file exists, or it needs none.</param>
/// <param name="Downloadable">Whether POST /api/models/download with its id fetches the file.</param>
/// <param name="DownloadBytes">The size of that download; null if the catalogue does not say.</param>
internal sealed record UpscalerResponse(string Id, string Name, string? Description, int Scale, bool Exists, bool Downloadable, long? DownloadBytes)
{
    /// <summary>Its licence; null if unknown.</summary>
    public string? License { get; init; }

    /// <summary>Memory for its weights; null if unknown, 0 for one that only resamples.</summary>
    public long? MemoryBytes { get; init; }
}

/// <summary>
/// The result of a request at the end of the wait. One shape for 200 and 202: generated clients have one type for all answers
/// of a method that are no errors.
/// </summary>
/// <param name="Id">The job's.</param>
/// <param name="JobId">The same, as named by the queue API.</param>
/// <param name="Status">completed with 200; with 202, the job is waiting or running.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Data">The images: with 200 all of them, with 202 those completed so far.</param>
internal sealed record GenerateResponse(string Id, string JobId, string Status, long Created, IReadOnlyList<GenerateResponseImage> Data)
{
    /// <summary>Number of pixels outside the mask that differ from the input image; absent without a mask.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? OutsideMaskChanged { get; init; }

    /// <summary>Parts of the request that were ignored or changed; absent if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Notes { get; init; }
}

internal sealed record GenerateResponseImage(string Id, int Index, string? RevisedPrompt);

internal sealed record ModelsResponse(IReadOnlyList<ModelResponse> Models, string? Default, DefaultModelsResponse DefaultModels, MemoryInUseResponse Memory);

/// <summary>Memory used by all loaded models, and the limits.</summary>
/// <param name="RamBytes">Of the machine.</param>
/// <param name="RamBudgetBytes">Of the machine, at most.</param>
/// <param name="VramBytes">Of its graphics cards.</param>
/// <param name="VramBudgetBytes">Of its graphics cards, at most; 0 where there is none.</param>
internal sealed record MemoryInUseResponse(long RamBytes, long RamBudgetBytes, long VramBytes, long VramBudgetBytes);

internal sealed record DefaultModelsResponse(string? TextToImage, string? ImageToImage);

internal sealed record ModelResponse(
    string Id,
    string Name,
    string? Description,
    IReadOnlyList<string> Capabilities,
    string ExecMode,
    string Mode,
    int? Port,
    string Status,
    [property: JsonPropertyName("fileStatus")] FileStatusResponse FileStatus,
    HuggingFaceResponse? Huggingface,
    string DefaultSize,
    GenerationParamsResponse GenerationParams,
    bool SupportsNegativePrompt)
{
    /// <summary>The original studio's own spelling, which its page reads.</summary>
    [JsonPropertyName("execMode")]
    public string ExecModeOfTheOriginal => ExecMode;

    /// <summary>Number of reference images that it accepts in one request; 0 for models that start from their input image.</summary>
    public int ReferenceImages { get; init; }

    /// <summary>Its step caches for the speeds fast and fastest; null for models on other servers.</summary>
    public StepCachesResponse? StepCaches { get; init; }

    /// <summary>The time of each speed on this machine, measured over its jobs; null for models on other servers.</summary>
    public SpeedsResponse? Speeds { get; init; }

    /// <summary>Time of an image on this machine; null for models on other servers, or if unknown.</summary>
    public ExpectedTimeResponse? ExpectedTime { get; init; }

    /// <summary>The ControlNets of this server that fit it.</summary>
    public IReadOnlyList<string> ControlNets { get; init; } = [];

    /// <summary>The IP-Adapters, PhotoMakers and PuLIDs of this server that fit it.</summary>
    public IReadOnlyList<string> Identities { get; init; } = [];

    /// <summary>Whether it makes videos.</summary>
    public bool MakesVideos { get; init; }

    /// <summary>Its family, from its file, as named in <c>GET /api/parameters</c>; null if unknown.</summary>
    public string? Family { get; init; }

    /// <summary>The size of its missing files; null if the catalogue does not say.</summary>
    public long? DownloadBytes { get; init; }

    /// <summary>How its weights are stored, e.g. <c>Q8_0</c>; null if unknown.</summary>
    public string? Quant { get; init; }

    /// <summary>Its terms, e.g. <c>Apache-2.0</c>; null if unknown.</summary>
    public string? License { get; init; }

    /// <summary>Memory when loaded: measured, from its files, or, before they are downloaded, from the catalogue.</summary>
    public required MemoryResponse Memory { get; init; }

    /// <summary>Whether this machine has memory for it: yes, with offload (its weights in RAM, computed on the card), or no; null if unknown.</summary>
    public string? Fits { get; init; }

    /// <summary>Its card, from its file and the files beside it; null for none.</summary>
    public ModelCardResponse? Card { get; init; }

    /// <summary>Whether it stays loaded until it is stopped.</summary>
    public bool Pinned { get; init; }

    /// <summary>Why it cannot generate or be loaded; null if there is no known problem.</summary>
    public string? Problem { get; init; }

    /// <summary>The machines that have it, if several share a database; its status is then the best of theirs.</summary>
    public IReadOnlyList<ModelNodeResponse> Nodes { get; init; } = [];
}

/// <summary>A model on one of the machines of a studio.</summary>
/// <param name="Id">The machine's.</param>
/// <param name="Name">The machine's.</param>
/// <param name="Status">stopped, starting, running or error.</param>
/// <param name="AllFilesExist">Whether its files exist.</param>
/// <param name="Fits">Whether that machine has memory for it.</param>
/// <param name="Pinned">Whether it stays loaded on that machine.</param>
internal sealed record ModelNodeResponse(string Id, string Name, string Status, [property: JsonPropertyName("allFilesExist")] bool AllFilesExist, string? Fits, bool Pinned);

/// <param name="Title">The title given by its author.</param>
/// <param name="BaseModel">The base model as named by its author.</param>
/// <param name="Notes">Your notes, or its author's.</param>
/// <param name="Author">Its maker.</param>
/// <param name="TriggerWords">Its trigger words.</param>
/// <param name="PreviewUrl">Its example image.</param>
internal sealed record ModelCardResponse(string? Title, string? BaseModel, string? Notes, string? Author, IReadOnlyList<string> TriggerWords, string? PreviewUrl);

/// <summary>What the speeds mean for a model, as models.yml writes it: mode, threshold, start and end.</summary>
internal sealed record StepCachesResponse(string Fast, string Fastest);

/// <summary>The time of each speed on this machine; null if no job used it.</summary>
internal sealed record SpeedsResponse(SpeedCostResponse? Exact, SpeedCostResponse? Fast, SpeedCostResponse? Fastest);

/// <param name="MsPerStepMegapixel">Milliseconds of a sampling step for a million pixels; skipped steps count, too.</param>
/// <param name="TimesAsFast">Compared with exact; null until exact was measured, too.</param>
/// <param name="Jobs">Number of measured jobs.</param>
internal sealed record SpeedCostResponse(double MsPerStepMegapixel, double? TimesAsFast, int Jobs);

/// <summary>Memory that a model takes when it is loaded.</summary>
/// <param name="RamBytes">Of the machine.</param>
/// <param name="VramBytes">Of its graphics cards.</param>
/// <param name="Measured">true: measured when it was loaded; false: from the headers of its files.</param>
internal sealed record MemoryResponse(long RamBytes, long VramBytes, bool Measured);

internal sealed record GenerationParamsResponse(double CfgScale, int SampleSteps, string? SamplingMethod);

internal sealed record FileStatusResponse(
    [property: JsonPropertyName("allFilesExist")] bool AllFilesExist, IReadOnlyList<ModelFileResponse> Files);

internal sealed record ModelFileResponse(
    [property: JsonPropertyName("fileName")] string FileName, bool Exists, [property: JsonPropertyName("filePath")] string FilePath)
{
    /// <summary>Its size; null if it does not exist.</summary>
    public long? Bytes { get; init; }

    /// <summary>Null if not computed yet.</summary>
    public string? Sha256 { get; init; }
}

internal sealed record HuggingFaceResponse(string Repo);

internal sealed record RunningModelResponse(string Id, string Name, int? Port, string Status);

internal sealed record DownloadedModelsResponse(IReadOnlyList<DownloadedModelResponse> Models);

internal sealed record DownloadedModelResponse(
    string Id, string Name, [property: JsonPropertyName("fileStatus")] FileStatusResponse FileStatus);

internal sealed record ModelStatusResponse(string Id, string Status, int? Port);

internal sealed record StartedModelResponse(bool Success, string Status, int? Port);

internal sealed record StoppedModelResponse(bool Success, string Status);

internal sealed record DownloadingResponse([property: JsonPropertyName("downloadId")] string DownloadId, string Status);

internal sealed record QueuedResponse(string JobId, string Status)
{
    /// <summary>Parts of the request that were ignored or changed; absent if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Notes { get; init; }
}

internal sealed record QueueResponse(
    IReadOnlyList<JobView> Jobs, QueueStats Stats, long Total, int Limit, int Offset, bool Paused);

internal sealed record QueueStats(long Pending, long Processing, long Completed, long Failed, long Cancelled);

internal sealed record CancelledResponse(bool Success, JobView Job);

internal sealed record CancelledAllResponse(bool Success, int Cancelled);

internal sealed record PausedResponse(bool Success, bool Paused);

internal sealed record SuccessResponse(bool Success);

internal sealed record DeletedAllResponse(
    bool Success, int Deleted, int Count, [property: JsonPropertyName("filesDeleted")] int FilesDeleted);

internal sealed record GenerationsPage(IReadOnlyList<JobView> Generations, Pagination Pagination);

internal sealed record Pagination(long Total, int Limit, int Offset, [property: JsonPropertyName("hasMore")] bool HasMore);

internal sealed record ParametersResponse(
    string Type, string Model, string Prompt, string? NegativePrompt, string Size, string Seed, int N, int Steps, double CfgScale, string? Sampler,
    string? Scheduler, int ClipSkip, double? Strength, double? Eta, double? FlowShift, double? Guidance, bool VaeTiling, bool Tiling,
    int? HiresWidth, int? HiresHeight, string? HiresUpscaler, int? HiresSteps, double? HiresStrength,
    IReadOnlyList<LoraSetting> Loras, string? Quality, string? Style, string? Upscaler, int? ResizeMode, double? UpscaleFactor,
    string? InputImagePath, string? MaskImagePath, string? SourceImageId, string? ModelHash, string? Engine, string Infotext)
{
    /// <summary>The template of the prompt; null for none.</summary>
    public string? PromptTemplate { get; init; }

    /// <summary>The template of the negative prompt; null for none.</summary>
    public string? NegativePromptTemplate { get; init; }

    /// <summary>The device that ran the image's job.</summary>
    public string? Device { get; init; }

    /// <summary>Every other parameter of the table, by its name.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? More { get; set; }
}

/// <param name="Id">The job's.</param>
/// <param name="JobId">The same, as named by the queue API.</param>
/// <param name="Status">completed with 200; with 202, the job is waiting or running.</param>
/// <param name="ImageId">The new image; null with 202, like the following fields.</param>
/// <param name="Same">Whether every pixel is the same.</param>
/// <param name="MaxDifference">The largest difference of a colour value, 0 to 255.</param>
internal sealed record ReproducedResponse(string Id, string JobId, string Status, string? ImageId, bool? Same, int? MaxDifference);

internal sealed record LogsResponse(
    IReadOnlyList<LogView> Logs, IReadOnlyList<LogView> App, IReadOnlyList<LogView> Sdcpp, IReadOnlyList<LogView> Http);

/// <summary>The document's four fields; then the names that the original's page reads.</summary>
internal sealed record LogView(string Timestamp, string Level, string Message, string Module, string? GenerationId, string Time, string Msg);
