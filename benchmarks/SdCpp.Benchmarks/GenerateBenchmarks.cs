using BenchmarkDotNet.Attributes;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>What the safe API allocates for an image. Its time against the raw call is measured by turns: see <see cref="Turns"/>.</summary>
public class GenerateBenchmarks
{
    private static readonly SdCallbacks Callbacks = new() { Progress = new Listener(static _ => { }) };
    private RawModel _raw = null!;
    private DiffusionModel _model = null!;

    [Params(64, 256)]
    public int Side { get; set; }

    // A large image of 20 steps would take seconds and allocate no more.
    private TextToImageRequest Request => Demo.Request(Side, steps: Side > 64 ? 2 : 20);

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _raw = new RawModel(Demo.Files.ToOptions(), Request);
        _model = await DiffusionModel.LoadAsync(Demo.Files.ToOptions());
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _raw.Dispose();
        _model.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void RawCall() => _raw.Generate();

    [Benchmark]
    public async Task SafeApi() => (await _model.TextToImageAsync(Request)).Dispose();

    [Benchmark]
    public async Task SafeApiWithProgress() => (await _model.TextToImageAsync(Request, Callbacks)).Dispose();
}
