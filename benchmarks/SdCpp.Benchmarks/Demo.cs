using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>What all benchmarks generate with.</summary>
internal static class Demo
{
    /// <summary>Where files of benchmarks lie; the model is made once and stays.</summary>
    public static string Folder { get; } = Path.Combine(Path.GetTempPath(), "sdcpp-benchmarks");

    public static DemoModelFiles Files => DemoModel.Write(Folder);

    public static TextToImageRequest Request(int side, int steps) =>
        new() { Prompt = "a red circle on a blue background", Width = side, Height = side, Steps = steps, CfgScale = 1, Seed = 7 };
}
