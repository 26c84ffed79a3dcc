using System.Text.Json.Serialization;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Queue;

/// <summary>How long the phases of a model take on this machine, measured, in milliseconds; megapixels of all images of a job together.</summary>
internal sealed record ModelCosts(
    double LoadMs, double EncodeMs, double StepMsPerMegapixel, double DecodeMsPerMegapixel, double UpscaleMsPerMegapixel, int Jobs)
{
    // New measurements count this much: a few jobs forget an unlucky one.
    private const double Weight = 0.3;

    /// <summary>Before anything was measured: only the shares of the phases matter.</summary>
    public static ModelCosts Guess { get; } = new(1000, 150, 2000, 1500, 8000, Jobs: 0);

    /// <summary>Under which name the costs of such a job are kept.</summary>
    public static string KeyOf(GenerationSettings settings) => settings.Type == JobType.Upscale ? $"upscaler:{settings.Upscaler}"
        // What a pixel of a frame costs is not what one of an image costs.
        : settings.Video is not null ? $"{settings.Model}\nvideo" : KeyOf(settings.Model, settings.StepCache is null ? null : settings.Speed);

    /// <summary>The same for a model at a speed; null for exact.</summary>
    public static string KeyOf(string model, string? speed) => speed is null ? model : $"{model}\n{speed}";

    /// <summary>Whether a decoding at every step would hardly be noticed.</summary>
    [JsonIgnore]
    public bool DecodesCheaply => Jobs > 0 && DecodeMsPerMegapixel < 0.1 * StepMsPerMegapixel;

    /// <summary>These costs and one more job's.</summary>
    public ModelCosts With(ModelCosts measured) => Jobs == 0
        ? measured with { Jobs = 1 }
        : new ModelCosts(
            Mixed(LoadMs, measured.LoadMs), Mixed(EncodeMs, measured.EncodeMs), Mixed(StepMsPerMegapixel, measured.StepMsPerMegapixel),
            Mixed(DecodeMsPerMegapixel, measured.DecodeMsPerMegapixel), Mixed(UpscaleMsPerMegapixel, measured.UpscaleMsPerMegapixel), Jobs + 1);

    // A phase that this job did not have says nothing about its cost.
    private static double Mixed(double known, double measured) => measured <= 0 ? known : known <= 0 ? measured : known + (Weight * (measured - known));

    /// <summary>What one image of a loaded model takes, milliseconds.</summary>
    public double LoadedMs(int steps, double megapixels) => EncodeMs + (StepMsPerMegapixel * steps * megapixels) + (DecodeMsPerMegapixel * megapixels);

    /// <summary>What a job will take, phase by phase in the order of <see cref="SdCpp.Interop.GenerationPhase"/>, milliseconds.</summary>
    public double[] Predict(GenerationSettings settings, bool warm)
    {
        double megapixels = settings.Megapixels();
        double load = warm ? 0 : LoadMs;
        if (settings.Type == JobType.Upscale)
            return [load, 0, 0, 0, UpscaleMsPerMegapixel * megapixels];
        // img2img leaves out the steps that its strength does not need.
        double steps = settings.InputImage is null || settings.Video is not null ? settings.Steps : Math.Max(1, settings.Steps * (settings.Strength ?? 1));
        return [load, EncodeMs, StepMsPerMegapixel * steps * megapixels, DecodeMsPerMegapixel * megapixels, 0];
    }
}
