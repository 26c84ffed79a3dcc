namespace SdCpp.Interop;

/// <summary>
/// What text-to-image and image-to-image have in common. Values out of range are refused with an <see cref="SdException"/>; what the
/// loaded engine lacks is refused by its name with <see cref="SdError.NotSupported"/>. Images must live until the call has ended.
/// </summary>
public abstract record ImageRequest
{
    /// <summary>Most sampling steps.</summary>
    public const int MaxSteps = 1000;

    /// <summary>Most images of one call.</summary>
    public const int MaxBatchCount = 64;

    /// <summary>Most UTF-8 bytes of a prompt.</summary>
    public const int MaxPromptBytes = 8192;

    /// <summary>Most images of one request, those of <see cref="ReferenceImages"/>, <see cref="Control"/>, <see cref="IpAdapter"/> and <see cref="PhotoMaker"/> together.</summary>
    public const int MaxImages = 16;

    /// <summary>What to generate; at most <see cref="MaxPromptBytes"/> bytes.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>What to avoid; needs a <see cref="CfgScale"/> above 1. At most <see cref="MaxPromptBytes"/> bytes.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>
    /// Width of the result, 1 to <see cref="ImageBuffer.MaxSide"/> pixels. Off the engine's grid of 8 it is generated larger and cropped
    /// evenly. Null for the input image's, or else for what the model generates best (<see cref="DiffusionModel.Defaults"/>).
    /// </summary>
    public int? Width { get; init; }

    /// <summary>Height of the result, as <see cref="Width"/>.</summary>
    public int? Height { get; init; }

    /// <summary>Sampling steps, 1 to <see cref="MaxSteps"/>; null for the model's own (<see cref="DiffusionModel.Defaults"/>).</summary>
    public int? Steps { get; init; }

    /// <summary>Classifier-free guidance, 0 to 1000; 1 turns it off and halves the work. Null for the model's own (<see cref="DiffusionModel.Defaults"/>).</summary>
    public float? CfgScale { get; init; }

    /// <summary>Guidance by the input image, 0 to 1000, for models that have it (Instruct-Pix2Pix); null for <see cref="CfgScale"/>.</summary>
    public float? ImageCfgScale { get; init; }

    /// <summary>Distilled guidance, 0 to 1000, for models that have it (FLUX, Qwen-Image); null for the engine's own, 3.5.</summary>
    public float? Guidance { get; init; }

    /// <summary>One of <see cref="SdEngine.Samplers"/>; null for the model's own.</summary>
    public string? Sampler { get; init; }

    /// <summary>One of <see cref="SdEngine.Schedulers"/>; null for the model's own.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Noise that a sampler adds at each step, 0 to 10; null for the sampler's own.</summary>
    public float? Eta { get; init; }

    /// <summary>Shift of the noise schedule of flow models, 0.001 to 1000; null for the model's own.</summary>
    public float? FlowShift { get; init; }

    /// <summary>Timestep to begin from, for models that are distilled to it (NitroSD), 0 to 1000; null for off.</summary>
    public int? ShiftedTimestep { get; init; }

    /// <summary>
    /// The noise that is left before each step and after the last, two numbers or more, each 0 or more and smaller than the one before; then
    /// <see cref="Steps"/> and <see cref="Scheduler"/> are not looked at. Null for the scheduler's.
    /// </summary>
    public IReadOnlyList<float>? Sigmas { get; init; }

    /// <summary>More of the engine's arguments for sampling, in its own words; null for none.</summary>
    public string? SamplerArguments { get; init; }

    /// <summary>0 or more; null for a random one below 2³². Image i of the batch is generated with seed + i.</summary>
    public long? Seed { get; init; }

    /// <summary>Number of images, 1 to <see cref="MaxBatchCount"/>.</summary>
    public int BatchCount { get; init; } = 1;

    /// <summary>Layers of the CLIP text encoder to skip, 1 to 12; 0 for the model's own.</summary>
    public int ClipSkip { get; init; }

    /// <summary>LoRAs of this call.</summary>
    public IReadOnlyList<LoraReference> Loras { get; init; } = [];

    /// <summary>Images that an edit model looks at (Kontext, Qwen-Image-Edit, FLUX.2), any size, 3 channels; other families refuse them. Only read.</summary>
    public IReadOnlyList<ImageBuffer> ReferenceImages { get; init; } = [];

    /// <summary>The engine's arguments for reference images, in its own words; null for none.</summary>
    public string? ReferenceImageArguments { get; init; }

    /// <summary>What the model's ControlNet follows; null for nothing.</summary>
    public ControlImage? Control { get; init; }

    /// <summary>What the model's IP-Adapter takes up; null for nothing.</summary>
    public IpAdapterImage? IpAdapter { get; init; }

    /// <summary>Whom PhotoMaker generates; null for nobody.</summary>
    public PhotoMakerIdentity? PhotoMaker { get; init; }

    /// <summary>Whom PuLID generates; null for nobody.</summary>
    public PulidIdentity? Pulid { get; init; }

    /// <summary>Skip layer guidance; null for none.</summary>
    public SkipLayerGuidance? SkipLayers { get; init; }

    /// <summary>Leaving out computations of some steps; null for none.</summary>
    public StepCache? Cache { get; init; }

    /// <summary>A second, larger pass; null for none.</summary>
    public HiresFix? Hires { get; init; }

    /// <summary>Decoding in tiles; null for in one piece. Refused with <see cref="CircularX"/> or <see cref="CircularY"/>: the engine ends the process.</summary>
    public VaeTiling? VaeTiling { get; init; }

    /// <summary>The left and the right edge fit each other, as those of a tile.</summary>
    public bool CircularX { get; init; }

    /// <summary>The upper and the lower edge fit each other, as those of a tile.</summary>
    public bool CircularY { get; init; }

    /// <summary>Layers of Qwen-Image-Layered, 1 to 64; null for the engine's own, 3.</summary>
    public int? LayerCount { get; init; }

    /// <summary>More of the engine's generation parameters by their own names, e.g. <c>sample_params.shifted_timestep</c> = <c>250</c>.</summary>
    public IReadOnlyDictionary<string, string>? EngineOptions { get; init; }
}
