using BenchmarkDotNet.Attributes;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>Inspecting a model file before the engine sees it.</summary>
public class HeaderBenchmarks
{
    private string _file = "";

    [GlobalSetup]
    public void Setup() => _file = DemoModel.Write(Path.Combine(Path.GetTempPath(), "sdcpp-benchmarks")).DiffusionModel;

    [Benchmark]
    public ModelFileInfo Inspect() => ModelFile.Inspect(_file);
}
