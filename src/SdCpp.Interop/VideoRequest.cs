namespace SdCpp.Interop;

/// <summary>
/// A video from words, and from images where there are any. Values out of range are refused with an <see cref="SdException"/>; what the loaded
/// engine or the model's family lacks is refused by its name with <see cref="SdError.NotSupported"/>. Images must live until the call has ended.
/// </summary>
public sealed record VideoRequest
{
    /// <summary>Most frames of one video.</summary>
    public const int MaxFrames = 1025;

    /// <summary>Most frames a second.</summary>
    public const int MaxFps = 240;

    /// <summary>Most width × height × frames of one video: 1.5 GB of pixels.</summary>
    public const long MaxPixels = 536_870_912;

    /// <summary>What to generate; at most <see cref="ImageRequest.MaxPromptBytes"/> bytes.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>What to avoid; needs a <see cref="CfgScale"/> above 1. At most <see cref="ImageRequest.MaxPromptBytes"/> bytes.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>
    /// Width of the frames, 1 to <see cref="ImageBuffer.MaxSide"/> pixels. Off the family's grid (8 to 64 pixels) they are generated larger and
    /// cropped evenly. Null for that of <see cref="StartImage"/>, or else for what the model generates best (<see cref="DiffusionModel.Defaults"/>).
    /// </summary>
    public int? Width { get; init; }

    /// <summary>Height of the frames, as <see cref="Width"/>.</summary>
    public int? Height { get; init; }

    /// <summary>
    /// Number of frames, 1 to <see cref="MaxFrames"/>; null for the model's own (<see cref="DiffusionModel.Defaults"/>). Families generate
    /// certain numbers of frames (Wan and HunyuanVideo 4n + 1, LTX 8n + 1): for another one the next larger number is generated, and the rest
    /// left out. With <see cref="EndImage"/>, which would be left out with it, such a number is refused.
    /// </summary>
    public int? Frames { get; init; }

    /// <summary>Frames a second, 1 to <see cref="MaxFps"/>; null for the model's own (<see cref="DiffusionModel.Defaults"/>). What came is in <see cref="GeneratedVideo.Fps"/>.</summary>
    public int? Fps { get; init; }

    /// <summary>Sampling steps, 1 to <see cref="ImageRequest.MaxSteps"/>; null for the model's own. With two experts, those of both unless <see cref="HighNoise"/> has its own.</summary>
    public int? Steps { get; init; }

    /// <summary>Classifier-free guidance, 0 to 1000; 1 turns it off and halves the work. Null for the model's own.</summary>
    public float? CfgScale { get; init; }

    /// <summary>Guidance by the input image, 0 to 1000, for models that have it; null for <see cref="CfgScale"/>.</summary>
    public float? ImageCfgScale { get; init; }

    /// <summary>Distilled guidance, 0 to 1000, for models that have it (HunyuanVideo); null for the engine's own, 3.5.</summary>
    public float? Guidance { get; init; }

    /// <summary>One of <see cref="SdEngine.Samplers"/>; null for the model's own.</summary>
    public string? Sampler { get; init; }

    /// <summary>One of <see cref="SdEngine.Schedulers"/>; null for the model's own.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Noise that a sampler adds at each step, 0 to 10; null for the sampler's own.</summary>
    public float? Eta { get; init; }

    /// <summary>Shift of the noise schedule, 0.001 to 1000; null for the model's own.</summary>
    public float? FlowShift { get; init; }

    /// <summary>As <see cref="ImageRequest.Sigmas"/>.</summary>
    public IReadOnlyList<float>? Sigmas { get; init; }

    /// <summary>More of the engine's arguments for sampling, in its own words; null for none.</summary>
    public string? SamplerArguments { get; init; }

    /// <summary>Skip layer guidance; null for none.</summary>
    public SkipLayerGuidance? SkipLayers { get; init; }

    /// <summary>How the high-noise expert of a pair samples (<see cref="DiffusionModelOptions.HighNoiseDiffusionModelPath"/>); null for as the low-noise one. Refused by a model without a pair.</summary>
    public HighNoiseSampling? HighNoise { get; init; }

    /// <summary>The noise, 0 to 1, at which a pair's low-noise expert takes over where <see cref="HighNoiseSampling.Steps"/> does not say; null for the engine's own, 0.875.</summary>
    public float? MoeBoundary { get; init; }

    /// <summary>0 or more; null for a random one below 2³².</summary>
    public long? Seed { get; init; }

    /// <summary>Layers of the CLIP text encoder to skip, 1 to 12; 0 for the model's own.</summary>
    public int ClipSkip { get; init; }

    /// <summary>LoRAs of this call.</summary>
    public IReadOnlyList<LoraReference> Loras { get; init; } = [];

    /// <summary>The first frame: exactly <see cref="Width"/> × <see cref="Height"/>, 3 channels. Null for none. Only read.</summary>
    public ImageBuffer? StartImage { get; init; }

    /// <summary>The last frame, as <see cref="StartImage"/>; not every model takes one.</summary>
    public ImageBuffer? EndImage { get; init; }

    /// <summary>What the frames follow one by one (Wan VACE): exactly <see cref="Width"/> × <see cref="Height"/>, 3 channels, at most as many as <see cref="Frames"/>. Only read.</summary>
    public IReadOnlyList<ImageBuffer> ControlFrames { get; init; } = [];

    /// <summary>How much <see cref="ControlFrames"/> count, 0 to 10; null for the engine's own, 1.</summary>
    public float? VaceStrength { get; init; }

    /// <summary>
    /// LTX: how firmly <see cref="StartImage"/> and <see cref="EndImage"/> are kept, 0 to 1; null for 1. AnimateDiff: how far the frames may leave
    /// <see cref="StartImage"/>; null for the engine's own, 0.75. The other families do not look at it.
    /// </summary>
    public float? Strength { get; init; }

    /// <summary>Leaving out computations of some steps; null for none.</summary>
    public StepCache? Cache { get; init; }

    /// <summary>Decoding in tiles; null for in one piece. Refused with <see cref="CircularX"/> or <see cref="CircularY"/>.</summary>
    public VaeTiling? VaeTiling { get; init; }

    /// <summary>The left and the right edge fit each other, as those of a tile.</summary>
    public bool CircularX { get; init; }

    /// <summary>The upper and the lower edge fit each other, as those of a tile.</summary>
    public bool CircularY { get; init; }

    /// <summary>More of the engine's generation parameters by their own names.</summary>
    public IReadOnlyDictionary<string, string>? EngineOptions { get; init; }
}

/// <summary>How the high-noise expert of a pair samples. What is null is as the low-noise expert has it.</summary>
public sealed record HighNoiseSampling
{
    /// <summary>Its own steps, 1 to <see cref="ImageRequest.MaxSteps"/>, before those of <see cref="VideoRequest.Steps"/>; null to share those by <see cref="VideoRequest.MoeBoundary"/>.</summary>
    public int? Steps { get; init; }

    /// <summary>Classifier-free guidance, 0 to 1000.</summary>
    public float? CfgScale { get; init; }

    /// <summary>Distilled guidance, 0 to 1000.</summary>
    public float? Guidance { get; init; }

    /// <summary>One of <see cref="SdEngine.Samplers"/>.</summary>
    public string? Sampler { get; init; }

    /// <summary>Noise that a sampler adds at each step, 0 to 10.</summary>
    public float? Eta { get; init; }
}
