using SdCpp.Benchmarks;

namespace SdCpp.Interop.Tests;

/// <summary>A short run of what <c>./build.sh soak</c> does at length.</summary>
public sealed class SoakTests(Demo demo)
{
    [Fact]
    public async Task Images_of_two_contexts_at_the_same_time_are_those_of_one_alone() =>
        Assert.Equal(0, await Pairs.RunAsync(demo.Files, count: 20, TestContext.Current.TestOutputHelper!.WriteLine, TestContext.Current.CancellationToken));

    [Fact]
    public async Task Models_are_loaded_freed_and_cancelled_at_any_moment_and_their_memory_comes_back()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"random seed {seed}");

        List<long> memory = await Soak.RunAsync(demo.Files, seed, cycles: 4, cancels: 20, blocks: 2, TestContext.Current.TestOutputHelper.WriteLine);

        // In between 2 models came and went, and more in the cancels: one that stays would show.
        long model = new[] { demo.Files.DiffusionModel, demo.Files.TextEncoder, demo.Files.Taesd }.Sum(path => new FileInfo(path).Length);
        Assert.InRange(memory[1] - memory[0], long.MinValue, model);
    }
}
