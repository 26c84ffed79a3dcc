namespace SdCpp.Interop;

/// <summary>What a model generates well with, as its family's authors give it: the values of what a request leaves null.</summary>
/// <param name="Width">Width, pixels.</param>
/// <param name="Height">Height, pixels.</param>
/// <param name="Steps">Sampling steps.</param>
/// <param name="CfgScale">Classifier-free guidance.</param>
public sealed record ModelDefaults(int Width, int Height, int Steps, float CfgScale)
{
    /// <summary>Frames of a video; 1 for a family that makes none.</summary>
    public int Frames { get; init; } = 1;

    /// <summary>Frames a second of a video.</summary>
    public int Fps { get; init; } = 16;

    // How firmly a video keeps its images; null for the engine's own.
    private float? Strength { get; init; }

    private static readonly ModelDefaults OfUnknown = new(512, 512, 20, 7);

    private static readonly Dictionary<ModelFamily, ModelDefaults> OfFamilies = new()
    {
        [ModelFamily.Sd1] = new(512, 512, 20, 7), [ModelFamily.Sd2] = new(768, 768, 20, 7), [ModelFamily.Sdxl] = new(1024, 1024, 25, 6),
        [ModelFamily.Sd3] = new(1024, 1024, 28, 4.5f), [ModelFamily.Flux] = new(1024, 1024, 20, 1), [ModelFamily.Flux2] = new(1024, 1024, 20, 1),
        [ModelFamily.QwenImage] = new(1024, 1024, 20, 2.5f), [ModelFamily.ZImage] = new(1024, 1024, 9, 1), [ModelFamily.Chroma] = new(1024, 1024, 26, 4),
        [ModelFamily.Wan] = new(832, 480, 30, 5) { Frames = 33 }, [ModelFamily.HunyuanVideo] = new(832, 480, 30, 6) { Frames = 33, Fps = 24 },
        [ModelFamily.Ltx] = new(768, 512, 20, 4) { Frames = 97, Fps = 24, Strength = 1 },
    };

    // FLUX.1 [schnell] is distilled to few steps, and has no place for a guidance.
    private const int StepsOfSchnell = 4;

    /// <summary>What a model of this file generates well with; of a family that is not known, what suits most.</summary>
    /// <param name="file">The file with the diffusion model.</param>
    public static ModelDefaults Of(ModelFileInfo file)
    {
        ArgumentNullException.ThrowIfNull(file);
        ModelDefaults defaults = OfFamilies.GetValueOrDefault(file.Family, OfUnknown);
        return file.Family == ModelFamily.Flux && !file.Tensors.Any(tensor => tensor.Name.Contains("guidance_", StringComparison.Ordinal))
            ? defaults with { Steps = StepsOfSchnell }
            : defaults;
    }

    /// <summary>The request with every value: an image to begin from gives its own size.</summary>
    internal ImageRequest Complete(ImageRequest request)
    {
        if (request is { Width: not null, Height: not null, Steps: not null, CfgScale: not null })
            return request;
        (int width, int height) = request is ImageToImageRequest { Image: var image } ? (image.Width, image.Height) : (Width, Height);
        return request with
        {
            Width = request.Width ?? width,
            Height = request.Height ?? height,
            Steps = request.Steps ?? Steps,
            CfgScale = request.CfgScale ?? CfgScale,
        };
    }

    /// <inheritdoc cref="Complete(ImageRequest)"/>
    internal VideoRequest Complete(VideoRequest request)
    {
        (int width, int height) = request.StartImage is { } image ? (image.Width, image.Height) : (Width, Height);
        return request with
        {
            Width = request.Width ?? width,
            Height = request.Height ?? height,
            Frames = request.Frames ?? Frames,
            Fps = request.Fps ?? Fps,
            Steps = request.Steps ?? Steps,
            CfgScale = request.CfgScale ?? CfgScale,
            Strength = request.Strength ?? Strength,
        };
    }
}
