using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Workers;

/// <summary>A job's settings in the words of the binding.</summary>
internal static class EngineRequests
{
    public static TextToImageRequest TextToImage(GenerationSettings settings, LoraFolder loras) => Filled(new TextToImageRequest(), settings, loras);

    public static ImageToImageRequest ImageToImage(GenerationSettings settings, LoraFolder loras, ImageBuffer image, ImageBuffer? mask) => Filled(
        new ImageToImageRequest { Image = image, Mask = mask, Strength = (float)(settings.Strength ?? Parameters.DefaultStrength) }, settings, loras);

    private static T Filled<T>(T request, GenerationSettings settings, LoraFolder loras)
        where T : ImageRequest => (T)(request with
        {
            Prompt = settings.Prompt,
            NegativePrompt = settings.NegativePrompt ?? "",
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
            EngineOptions = EngineOptions(settings),
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
