using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Workers;

/// <summary>A job's settings in the words of the binding.</summary>
internal static class EngineRequests
{
    private const double UsualStyle = 20;

    public static TextToImageRequest TextToImage(GenerationSettings settings, LoraFolder loras) => Filled(new TextToImageRequest(), settings, loras);

    public static ImageToImageRequest ImageToImage(GenerationSettings settings, LoraFolder loras, ImageBuffer image, ImageBuffer? mask) => Filled(
        new ImageToImageRequest { Image = image, Mask = mask, Strength = (float)(settings.Strength ?? Parameters.DefaultStrength) }, settings, loras);

    /// <param name="settings">Of a video's job.</param>
    /// <param name="loras">Where LoRAs are.</param>
    /// <param name="images">It begins and ends with, and follows.</param>
    public static VideoRequest Video(GenerationSettings settings, LoraFolder loras, VideoInputs images)
    {
        VideoSetting video = settings.Video!;
        bool hasOwn = video.HighNoiseSteps is not null || video.HighNoiseCfgScale is not null || video.HighNoiseSampler is not null;
        return new VideoRequest
        {
            Prompt = EmbeddingWords.Plain(settings.Prompt), NegativePrompt = EmbeddingWords.Plain(settings.NegativePrompt ?? ""),
            Width = settings.Width, Height = settings.Height, Frames = video.Frames, Fps = video.Fps, Steps = settings.Steps, CfgScale = (float)settings.CfgScale,
            Sampler = settings.Sampler, Scheduler = settings.Scheduler, Seed = settings.Seed, ClipSkip = settings.ClipSkip, Loras = Loras(settings, loras),
            Eta = (float?)settings.Eta, FlowShift = (float?)settings.FlowShift, Guidance = (float?)settings.Guidance,
            SkipLayers = settings.SlgScale is > 0 and { } scale && settings.SkipLayers is { Count: > 0 } layers ? new SkipLayerGuidance(layers, (float)scale) : null,
            VaeTiling = settings.VaeTiling ? new VaeTiling() : null,
            StartImage = images.Start, EndImage = images.End, ControlFrames = images.Frames, VaceStrength = (float?)video.ControlStrength, MoeBoundary = (float?)video.MoeBoundary,
            HighNoise = hasOwn ? new HighNoiseSampling { Steps = video.HighNoiseSteps, CfgScale = (float?)video.HighNoiseCfgScale, Sampler = video.HighNoiseSampler } : null,
        };
    }

    private static T Filled<T>(T request, GenerationSettings settings, LoraFolder loras)
        where T : ImageRequest => (T)(request with
        {
            Prompt = EmbeddingWords.Plain(settings.Prompt),
            NegativePrompt = EmbeddingWords.Plain(settings.NegativePrompt ?? ""),
            Width = settings.Width,
            Height = settings.Height,
            Steps = settings.Steps,
            CfgScale = (float)settings.CfgScale,
            Sampler = settings.Sampler,
            Scheduler = settings.Scheduler,
            Seed = settings.Seed,
            BatchCount = settings.Count,
            ClipSkip = settings.ClipSkip,
            Loras = Loras(settings, loras),
            CircularX = settings.Tiling,
            CircularY = settings.Tiling,
            Cache = settings.StepCache is { } cache
                ? new StepCache(cache.Mode) { ReuseThreshold = (float?)cache.Threshold, Start = (float?)cache.Start, End = (float?)cache.End } : null,
            EngineOptions = EngineOptions(settings),
        });

    /// <summary>The same with whom or what the images look like.</summary>
    public static T WithIdentity<T>(T request, IdentitySetting identity, IdentityFits files, IReadOnlyList<ImageBuffer> images)
        where T : ImageRequest => (T)(files.KindOf(identity.Model) switch
        {
            IdentityKind.IpAdapter => request with { IpAdapter = new IpAdapterImage(images[0], (float)identity.Strength) },
            // What counts there is the style against the likeness; the engine's own middle is 20.
            IdentityKind.PhotoMaker => request with { PhotoMaker = new PhotoMakerIdentity(images, (float)(UsualStyle * (2 - identity.Strength))) },
            IdentityKind.Pulid => request with { Pulid = new PulidIdentity(files.Require(identity.Embedding ?? ""), (float)identity.Strength) },
            _ => (ImageRequest)request,
        });

    private static List<LoraReference> Loras(GenerationSettings settings, LoraFolder folder) =>
        [.. (settings.Loras ?? []).Select(lora => new LoraReference(
            folder.Find(lora.Name) ?? throw new SdException(SdError.InvalidArgument, $"LoRA {lora.Name} is no longer there."), (float)lora.Weight))];

    // Those that the engine takes under a name of its own, as the table of parameters has it.
    private static Dictionary<string, string> EngineOptions(GenerationSettings settings)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.Engine is not null))
        {
            if (parameter.Get!(settings) is { } value)
                options[parameter.Engine!] = Parameter.Write(value);
        }

        return options;
    }
}
