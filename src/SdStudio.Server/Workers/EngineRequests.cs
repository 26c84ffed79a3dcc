using System.Globalization;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Workers;

/// <summary>A job's settings in the words of the binding.</summary>
internal static class Requests
{
    public static TextToImageRequest TextToImage(GenerationSettings settings, LoraFolder loras) => new()
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
        EngineOptions = Others(settings),
    };

    public static ImageToImageRequest ImageToImage(GenerationSettings settings, LoraFolder loras, ImageBuffer image, ImageBuffer? mask) => new()
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
        EngineOptions = Others(settings),
        Image = image,
        Mask = mask,
        Strength = (float)(settings.Strength ?? 0.75),
    };

    private static List<LoraReference> Loras(GenerationSettings settings, LoraFolder folder) =>
        [.. (settings.Loras ?? []).Select(lora => new LoraReference(
            folder.Find(lora.Name) ?? throw new SdException(SdError.InvalidArgument, $"LoRA {lora.Name} is no longer there."), (float)lora.Weight))];

    private static Dictionary<string, string> Others(GenerationSettings settings)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        void Add(string name, double? value)
        {
            if (value is { } number)
                options[name] = number.ToString(CultureInfo.InvariantCulture);
        }

        Add("sample_params.eta", settings.Eta);
        Add("sample_params.flow_shift", settings.FlowShift);
        Add("sample_params.guidance.distilled_guidance", settings.Guidance);
        if (settings.VaeTiling)
            options["vae_tiling_params.enabled"] = "true";
        if (settings.Tiling)
            options["circular_x"] = options["circular_y"] = "true";
        return options;
    }
}
