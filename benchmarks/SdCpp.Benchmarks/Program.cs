using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using SdCpp.Benchmarks;

// In this process: the engine is loaded once a process, and a generated project would not have it beside it.
IConfig config = DefaultConfig.Instance
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddJob(Job.ShortRun.WithToolchain(new InProcessNoEmitToolchain(logOutput: true)).WithIterationCount(8).WithWarmupCount(2));
BenchmarkSwitcher.FromAssembly(typeof(DrawBenchmarks).Assembly).Run(args, config);
