using BenchmarkDotNet.Attributes;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>Inspecting a model file before the engine sees it.</summary>
public class HeaderBenchmarks
{
    private const long Large = 10_000_000_000;
    private string _file = "";
    private string _large = "";

    [GlobalSetup]
    public void Setup()
    {
        _file = Demo.Files.DiffusionModel;
        _large = Path.Combine(Demo.Folder, "sparse.gguf");
        File.Copy(_file, _large, overwrite: true);
        using FileStream sparse = File.OpenWrite(_large);
        sparse.SetLength(Large);
    }

    [GlobalCleanup]
    public void Cleanup() => File.Delete(_large);

    [Benchmark]
    public ModelFileInfo Inspect() => ModelFile.Inspect(_file);

    [Benchmark]
    public ModelFileInfo InspectTenGigabytes() => ModelFile.Inspect(_large);
}
