using BenchmarkDotNet.Attributes;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>A picture of a model that stays loaded, against one for which the model is loaded and freed.</summary>
public class DrawBenchmarks
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "sdcpp-benchmarks");
    private DemoModelFiles _files = null!;
    private DiffusionModel _model = null!;

    [Params(64, 256)]
    public int Side { get; set; }

    private TextToImageRequest Request =>
        new() { Prompt = "a red circle on a blue background", Width = Side, Height = Side, Steps = 8, CfgScale = 1, Seed = 7 };

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _files = DemoModel.Write(_folder);
        _model = await DiffusionModel.LoadAsync(_files.ToOptions());
    }

    [GlobalCleanup]
    public void Cleanup() => _model.Dispose();

    [Benchmark(Baseline = true)]
    public async Task KeptLoaded() => (await _model.TextToImageAsync(Request)).Dispose();

    [Benchmark]
    public async Task LoadedForEachPicture()
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(_files.ToOptions());
        (await model.TextToImageAsync(Request)).Dispose();
    }
}
