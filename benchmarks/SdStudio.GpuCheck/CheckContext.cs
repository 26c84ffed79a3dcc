using SdCpp.Interop;
using SdStudio.Benchmarks;

namespace SdStudio.GpuCheck;

/// <summary>What a check works with, inside its own process.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Device">The engine's name of the device that is checked.</param>
/// <param name="Sizes">The sizes.</param>
/// <param name="Work">The folder of the models.</param>
/// <param name="Out">The folder of the results.</param>
/// <param name="Limit">How long the check may take.</param>
internal sealed record CheckContext(SdEngine Engine, string Device, Sizes Sizes, string Work, string Out, TimeSpan Limit)
{
    public const double MiB = 1024 * 1024;
    public const string Processor = "CPU";

    /// <summary>The device that is checked, for its memory.</summary>
    public SdDevice? DeviceOf(string name) => Engine.Devices.FirstOrDefault(device => device.Name == name);

    /// <summary>How a model is loaded onto a device.</summary>
    public DiffusionModelOptions OptionsOf(CheckModel model, string device) => (model == CheckModel.Demo
        ? DemoModel.Write(Work).ToOptions()
        : new DiffusionModelOptions { ModelPath = PathOf(Work, model) }) with { Backend = device };

    /// <summary>Where a synthetic model lies.</summary>
    public static string PathOf(string work, CheckModel model) => Path.Combine(work, $"synthetic-{model.ToString().ToLowerInvariant()}.safetensors");

    /// <summary>A synthetic model; null for the demo model.</summary>
    public static SyntheticCheckpoint? Synthetic(CheckModel model) => model switch
    {
        CheckModel.Sd15 => new SyntheticSd15(),
        CheckModel.Sdxl => new SyntheticSdxl(),
        _ => null,
    };

    /// <summary>What is generated with a model: with guidance where people use it, which is two evaluations a step.</summary>
    public static TextToImageRequest RequestOf(CheckModel model, ImageRun run) => new()
    {
        Prompt = "a red circle on a blue background",
        Width = run.Side,
        Height = run.Side,
        Steps = run.Steps,
        CfgScale = model == CheckModel.Demo ? 1 : 7,
        Seed = 7,
        Sampler = "euler",
    };
}
