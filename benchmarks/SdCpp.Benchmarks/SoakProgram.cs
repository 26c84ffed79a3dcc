using System.Diagnostics;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>The soak of <c>./build.sh soak</c>: as many cycles as asked, and memory that stays.</summary>
internal static class SoakProgram
{
    private const int Blocks = 10;
    private const double AllowedGrowth = 1.02;

    /// <returns>0 when memory stayed, else 1.</returns>
    public static async Task<int> RunAsync(int cycles, int cancels)
    {
        int seed = Environment.TickCount;
        Console.WriteLine($"{cycles} cycles of load, generate and free, and {cancels} cancels; random seed {seed}");
        long began = Stopwatch.GetTimestamp();
        DemoModelFiles files = Demo.Files;
        List<long> memory = await Soak.RunAsync(files, seed, cycles, cancels, Blocks, Console.WriteLine);
        double growth = memory.Skip(1).Max() / (double)memory[0];
        Console.WriteLine(FormattableString.Invariant(
            $"RSS after the first tenth against the most later: {(growth - 1) * 100:+0.0;-0.0} %, allowed {(AllowedGrowth - 1) * 100:F0} %; {Stopwatch.GetElapsedTime(began).TotalMinutes:F1} minutes"));
        return growth <= AllowedGrowth ? 0 : 1;
    }
}
