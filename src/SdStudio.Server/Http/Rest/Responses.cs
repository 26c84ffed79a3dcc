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
/// <param name="Engine">The engine; null before it is loaded, or when loading failed.</param>
/// <param name="Devices">What it computes on.</param>
/// <param name="Backend">The backend in use, e.g. cpu or vulkan; null before it is loaded.</param>
/// <param name="BackendReason">Why that one, in a sentence.</param>
internal sealed record HealthResponse(
    string Status, string Timestamp, string? Engine, IReadOnlyList<string> Devices, string? Backend, string? BackendReason)
{
    /// <summary>The formats that videos can be written in here: mp4 and webm where there is ffmpeg.</summary>
    public IReadOnlyList<string> VideoFormats { get; init; } = [];

    /// <summary>What jobs run on, as they and <c>GET /api/devices</c> name it.</summary>
    public IReadOnlyList<string> JobDevices { get; init; } = [];

    /// <summary>The commit the engine was built from; null when unknown.</summary>
    public string? EngineCommit { get; init; }

    /// <summary>The version of SdStudio.</summary>
    public string Version { get; } = StudioVersion.Text;

    /// <summary>How often the watcher has started the server again after an abnormal end.</summary>
    public int Restarts { get; init; }

    /// <summary>When and why that was the last time; null for never.</summary>
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
    /// <summary>The engine's names of samplers; none before it is loaded.</summary>
    public IReadOnlyList<string> Samplers { get; init; } = [];

    /// <summary>The engine's names of schedulers; none before it is loaded.</summary>
    public IReadOnlyList<string> Schedulers { get; init; } = [];

    /// <summary>Whether a language server helps with prompts: POST /api/prompts/expand and /sdapi/v1/interrogate.</summary>
    public bool Assistant { get; init; }

    /// <summary>The most that one request may ask for.</summary>
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
/// <param name="Description">What it follows; null when nobody wrote it down.</param>
/// <param name="Exists">Whether its file is there.</param>
/// <param name="Family">Whose models it goes with, as its file tells; null while that is not known.</param>
/// <param name="Downloadable">Whether POST /api/models/download with its id fetches the file.</param>
/// <param name="DownloadBytes">What that takes; null when the catalogue does not tell.</param>
/// <param name="License">Its terms; null when nobody wrote them down.</param>
internal sealed record ControlNetResponse(string Name, string? Id, string? Description, bool Exists, string? Family, bool Downloadable, long? DownloadBytes, string? License);

internal sealed record UpscalersResponse(IReadOnlyList<UpscalerResponse> Upscalers);

/// <param name="Id">For requests, as the name is.</param>
/// <param name="Name">For people.</param>
/// <param name="Description">What it is good for; null when nobody wrote it down.</param>
/// <param name="Scale">How many times wider its results are; 1 for one that resamples to any size.</param>
/// <param name="Exists">Whether it can be used: its file is there, or it needs none.</param>
/// <param name="Downloadable">Whether POST /api/models/download with its id fetches the file.</param>
/// <param name="DownloadBytes">What that takes; null when the catalogue does not tell.</param>
internal sealed record UpscalerResponse(string Id, string Name, string? Description, int Scale, bool Exists, bool Downloadable, long? DownloadBytes)
{
    /// <summary>Its terms; null when nobody wrote them down.</summary>
    public string? License { get; init; }

    /// <summary>Memory for its weights; null when nobody knows, 0 for one that only resamples.</summary>
    public long? MemoryBytes { get; init; }
}

/// <summary>
/// What became of a request in the time that it was waited for. One shape for 200 and 202: generated clients have one type for all answers
/// of a method that are no errors.
/// </summary>
/// <param name="Id">The job's.</param>
/// <param name="JobId">The same, as the queue calls it.</param>
/// <param name="Status">completed with 200; with 202 the job waits or runs.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Data">The images: all with 200, with 202 those that are completed.</param>
internal sealed record GenerateResponse(string Id, string JobId, string Status, long Created, IReadOnlyList<GenerateResponseImage> Data)
{
    /// <summary>Pixels outside the mask that are not the input image's; absent without a mask.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? OutsideMaskChanged { get; init; }

    /// <summary>What was asked for and is done otherwise; absent when there is nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Notes { get; init; }
}

internal sealed record GenerateResponseImage(string Id, int Index, string? RevisedPrompt);

internal sealed record ModelsResponse(IReadOnlyList<ModelResponse> Models, string? Default, DefaultModelsResponse DefaultModels, MemoryInUseResponse Memory);

/// <summary>What loaded models take together, and what they may.</summary>
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

    /// <summary>How many images it looks at in one request, for edits and for references; 0 for models that begin from their input image.</summary>
    public int ReferenceImages { get; init; }

    /// <summary>The step caches that it has for the speeds beside exact; null for models of other servers.</summary>
    public StepCachesResponse? StepCaches { get; init; }

    /// <summary>What each speed costs here, as its jobs were measured; null for models of other servers.</summary>
    public SpeedsResponse? Speeds { get; init; }

    /// <summary>How long an image takes here; null for models of other servers, and while nothing like it was measured.</summary>
    public ExpectedTimeResponse? ExpectedTime { get; init; }

    /// <summary>The ControlNets of this server that go with it.</summary>
    public IReadOnlyList<string> ControlNets { get; init; } = [];

    /// <summary>The IP-Adapters, PhotoMakers and PuLIDs of this server that go with it.</summary>
    public IReadOnlyList<string> Identities { get; init; } = [];

    /// <summary>Whether it makes videos.</summary>
    public bool MakesVideos { get; init; }

    /// <summary>What it is, as its file tells, in the words of <c>GET /api/parameters</c>; null while that is not known.</summary>
    public string? Family { get; init; }

    /// <summary>What a download of its missing files takes; null when the catalogue does not tell.</summary>
    public long? DownloadBytes { get; init; }

    /// <summary>How its weights are stored, e.g. <c>Q8_0</c>; null when nobody wrote it down.</summary>
    public string? Quant { get; init; }

    /// <summary>Its terms, e.g. <c>Apache-2.0</c>; null when nobody wrote it down.</summary>
    public string? License { get; init; }

    /// <summary>What it takes when it is loaded: as measured, as its files say, or before they are here as large as the catalogue says they are.</summary>
    public required MemoryResponse Memory { get; init; }

    /// <summary>Whether this machine has memory for it: yes, with offload (its weights in RAM, the card computes), or no; null when nobody knows what it takes.</summary>
    public string? Fits { get; init; }

    /// <summary>What its file and the files beside it tell people; null for nothing.</summary>
    public ModelCardResponse? Card { get; init; }

    /// <summary>Whether it stays loaded until it is stopped.</summary>
    public bool Pinned { get; init; }

    /// <summary>Why it cannot generate or be loaded; null when there is no known problem.</summary>
    public string? Problem { get; init; }

    /// <summary>The machines that know it, where several share a database; its status is then the best of theirs.</summary>
    public IReadOnlyList<ModelNodeResponse> Nodes { get; init; } = [];
}

/// <summary>A model on one of the machines of a studio.</summary>
/// <param name="Id">The machine's.</param>
/// <param name="Name">The machine's.</param>
/// <param name="Status">stopped, starting, running or error.</param>
/// <param name="AllFilesExist">Whether its files are there.</param>
/// <param name="Fits">Whether that machine has memory for it.</param>
/// <param name="Pinned">Whether it stays loaded there.</param>
internal sealed record ModelNodeResponse(string Id, string Name, string Status, [property: JsonPropertyName("allFilesExist")] bool AllFilesExist, string? Fits, bool Pinned);

/// <param name="Title">What its maker calls it.</param>
/// <param name="BaseModel">What it was made from, in its maker's words.</param>
/// <param name="Notes">Its owner's notes, or its maker's.</param>
/// <param name="Author">Its maker.</param>
/// <param name="TriggerWords">What calls up what it has learned.</param>
/// <param name="PreviewUrl">An image of what it does.</param>
internal sealed record ModelCardResponse(string? Title, string? BaseModel, string? Notes, string? Author, IReadOnlyList<string> TriggerWords, string? PreviewUrl);

/// <summary>What the speeds mean for a model, as models.yml writes it: mode, threshold, start and end.</summary>
internal sealed record StepCachesResponse(string Fast, string Fastest);

/// <summary>What each speed costs here; null where no job had it.</summary>
internal sealed record SpeedsResponse(SpeedCostResponse? Exact, SpeedCostResponse? Fast, SpeedCostResponse? Fastest);

/// <param name="MsPerStepMegapixel">Milliseconds of a sampling step for a million pixels; steps that were left out count as steps.</param>
/// <param name="TimesAsFast">Compared with exact; null until that was measured too.</param>
/// <param name="Jobs">Over how many jobs.</param>
internal sealed record SpeedCostResponse(double MsPerStepMegapixel, double? TimesAsFast, int Jobs);

/// <summary>Memory that a model takes when it is loaded.</summary>
/// <param name="RamBytes">Of the machine.</param>
/// <param name="VramBytes">Of its graphics cards.</param>
/// <param name="Measured">Whether a load was measured; false: it is what the files' headers say.</param>
internal sealed record MemoryResponse(long RamBytes, long VramBytes, bool Measured);

internal sealed record GenerationParamsResponse(double CfgScale, int SampleSteps, string? SamplingMethod);

internal sealed record FileStatusResponse(
    [property: JsonPropertyName("allFilesExist")] bool AllFilesExist, IReadOnlyList<ModelFileResponse> Files);

internal sealed record ModelFileResponse(
    [property: JsonPropertyName("fileName")] string FileName, bool Exists, [property: JsonPropertyName("filePath")] string FilePath)
{
    /// <summary>Its length; null when it is not there.</summary>
    public long? Bytes { get; init; }

    /// <summary>When it is known already; null otherwise.</summary>
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
    /// <summary>What was asked for and is done otherwise; absent when there is nothing.</summary>
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
    /// <summary>The template that the prompt was made of; null for none.</summary>
    public string? PromptTemplate { get; init; }

    /// <summary>The template that the negative prompt was made of; null for none.</summary>
    public string? NegativePromptTemplate { get; init; }

    /// <summary>What the image's job ran on.</summary>
    public string? Device { get; init; }

    /// <summary>Every other parameter of the table, by its name.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? More { get; set; }
}

/// <param name="Id">The job's.</param>
/// <param name="JobId">The same, as the queue calls it.</param>
/// <param name="Status">completed with 200; with 202 the job waits or runs.</param>
/// <param name="ImageId">The new image; null with 202, as what follows.</param>
/// <param name="Same">Whether every pixel is.</param>
/// <param name="MaxDifference">Of a colour of a pixel.</param>
internal sealed record ReproducedResponse(string Id, string JobId, string Status, string? ImageId, bool? Same, int? MaxDifference);

internal sealed record LogsResponse(
    IReadOnlyList<LogView> Logs, IReadOnlyList<LogView> App, IReadOnlyList<LogView> Sdcpp, IReadOnlyList<LogView> Http);

/// <summary>The document's four fields; then the names that the original's page reads.</summary>
internal sealed record LogView(string Timestamp, string Level, string Message, string Module, string? GenerationId, string Time, string Msg);
