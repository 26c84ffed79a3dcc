using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using SdCpp.Benchmarks;

// SdCpp.Benchmarks soak [cycles] [cancels]   loads, generates, frees and cancels; fails when memory grows
// SdCpp.Benchmarks turns [part]              alternatives against each other, by turns
// SdCpp.Benchmarks pairs [count]             two contexts at the same time against one alone; fails when an image differs
// SdCpp.Benchmarks speeds [rounds] [side]    what step caches save on a model of SD 1.5's size, and at what difference
// SdCpp.Benchmarks video [frames] [side]     a video by the raw call and by the safe API, by turns, and its memory
// SdCpp.Benchmarks ...                       BenchmarkDotNet's own arguments
if (args is ["soak", .. var numbers])
{
    int cycles = numbers.Length > 0 ? int.Parse(numbers[0], CultureInfo.InvariantCulture) : 1000;
    int cancels = numbers.Length > 1 ? int.Parse(numbers[1], CultureInfo.InvariantCulture) : cycles;
    return await SoakProgram.RunAsync(cycles, cancels);
}

if (args is ["pairs", .. var count])
    return await Pairs.RunAsync(Demo.Files, count is [{ } pairs] ? int.Parse(pairs, CultureInfo.InvariantCulture) : 1000, Console.WriteLine) == 0 ? 0 : 1;

if (args is ["speeds", .. var sizes])
{
    int rounds = sizes.Length > 0 ? int.Parse(sizes[0], CultureInfo.InvariantCulture) : 2;
    return await Speeds.RunAsync(rounds, sizes.Length > 1 ? int.Parse(sizes[1], CultureInfo.InvariantCulture) : 128);
}

if (args is ["video", .. var clip])
{
    int frames = clip.Length > 0 ? int.Parse(clip[0], CultureInfo.InvariantCulture) : 17;
    await Videos.RunAsync(frames, clip.Length > 1 ? int.Parse(clip[1], CultureInfo.InvariantCulture) : 64);
    return 0;
}

if (args is ["turns", .. var part])
    return await Turns.RunAsync(part.FirstOrDefault());

// In this process: the engine is loaded once a process, and a generated project would not have it beside it.
IConfig config = DefaultConfig.Instance
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddJob(Job.ShortRun.WithToolchain(new InProcessNoEmitToolchain(timeout: TimeSpan.FromHours(1), logOutput: true)).WithIterationCount(8).WithWarmupCount(2));
BenchmarkSwitcher.FromAssembly(typeof(GenerateBenchmarks).Assembly).Run(args, config);
return 0;
