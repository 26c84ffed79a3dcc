namespace SdCpp.Interop;

/// <summary>What text-to-image and image-to-image have in common. Values out of range are refused with an <see cref="SdException"/>.</summary>
public abstract record ImageRequest
{
    /// <summary>Most sampling steps.</summary>
    public const int MaxSteps = 1000;

    /// <summary>Most images of one call.</summary>
    public const int MaxBatchCount = 64;

    /// <summary>Most UTF-8 bytes of a prompt.</summary>
    public const int MaxPromptBytes = 8192;

    /// <summary>What to draw; at most <see cref="MaxPromptBytes"/> bytes.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>What to avoid; needs a <see cref="CfgScale"/> above 1. At most <see cref="MaxPromptBytes"/> bytes.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>Width of the result, 1 to <see cref="ImageBuffer.MaxSide"/> pixels. Off the engine's grid of 8 it is drawn larger and cropped evenly.</summary>
    public int Width { get; init; } = 512;

    /// <summary>Height of the result, as <see cref="Width"/>.</summary>
    public int Height { get; init; } = 512;

    /// <summary>Sampling steps, 1 to <see cref="MaxSteps"/>.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Classifier-free guidance, 0 to 1000; 1 turns it off and halves the work.</summary>
    public float CfgScale { get; init; } = 7;

    /// <summary>One of <see cref="SdEngine.Samplers"/>; null for the model's own.</summary>
    public string? Sampler { get; init; }

    /// <summary>One of <see cref="SdEngine.Schedulers"/>; null for the model's own.</summary>
    public string? Scheduler { get; init; }

    /// <summary>0 or more; null for a random one below 2³². Image i of the batch is drawn with seed + i.</summary>
    public long? Seed { get; init; }

    /// <summary>Number of images, 1 to <see cref="MaxBatchCount"/>.</summary>
    public int BatchCount { get; init; } = 1;

    /// <summary>Layers of the CLIP text encoder to skip, 1 to 12; 0 for the model's own.</summary>
    public int ClipSkip { get; init; }

    /// <summary>LoRAs of this call.</summary>
    public IReadOnlyList<LoraReference> Loras { get; init; } = [];

    /// <summary>More of the engine's generation parameters by their own names, e.g. <c>sample_params.flow_shift</c> = <c>3</c>.</summary>
    public IReadOnlyDictionary<string, string>? EngineOptions { get; init; }
}
