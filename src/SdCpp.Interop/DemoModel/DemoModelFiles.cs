namespace SdCpp.Interop;

/// <summary>The full paths of the demo model's files.</summary>
/// <param name="DiffusionModel">The denoiser: <c>DiffusionModelPath</c> of a context.</param>
/// <param name="TextEncoder">The text encoder: <c>LlmPath</c>.</param>
/// <param name="Taesd">The image decoder and encoder: <c>TaesdPath</c>.</param>
/// <param name="UpscalerX4">An upscaler that makes 4 × 4 equal pixels of each.</param>
/// <param name="UpscalerX2">An upscaler that makes 2 × 2 equal pixels of each.</param>
public sealed record DemoModelFiles(string DiffusionModel, string TextEncoder, string Taesd, string UpscalerX4, string UpscalerX2)
{
    /// <summary>How to load the model.</summary>
    /// <param name="threads">As <see cref="DiffusionModelOptions.Threads"/>.</param>
    public DiffusionModelOptions ToOptions(int threads = 0) =>
        new() { DiffusionModelPath = DiffusionModel, LlmPath = TextEncoder, TaesdPath = Taesd, Threads = threads };
}
