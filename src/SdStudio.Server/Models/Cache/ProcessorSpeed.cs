using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SdStudio.Server.Models.Cache;

/// <summary>How much arithmetic the processor does, all of its cores together: measured once, when somebody asks.</summary>
internal sealed class ProcessorSpeed
{
    private const int Milliseconds = 20;
    private const int Rounds = 2_000;
    private const int Chains = 8;
    private readonly Lazy<double?> _measured = new(Measure);

    /// <summary>In 10^12 operations a second; null for a processor without the instructions that are counted.</summary>
    public double? TeraOperations => _measured.Value;

    private static double? Measure()
    {
        if (!Fma.IsSupported)
            return null;
        double total = 0;
        var guard = new Lock();
        Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            double mine = OfOneCore();
            lock (guard)
                total += mine;
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return total / 1e12;
    }

    // Enough chains that none waits for another's result.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double OfOneCore()
    {
        Vector256<float> a = Vector256.Create(1f), b = a, c = a, d = a, e = a, f = a, g = a, h = a, factor = Vector256.Create(0.999f), more = Vector256.Create(0.001f);
        long start = Stopwatch.GetTimestamp(), least = long.MaxValue;
        do
        {
            long since = Stopwatch.GetTimestamp();
            for (int round = 0; round < Rounds; round++)
            {
                a = Fma.MultiplyAdd(a, factor, more);
                b = Fma.MultiplyAdd(b, factor, more);
                c = Fma.MultiplyAdd(c, factor, more);
                d = Fma.MultiplyAdd(d, factor, more);
                e = Fma.MultiplyAdd(e, factor, more);
                f = Fma.MultiplyAdd(f, factor, more);
                g = Fma.MultiplyAdd(g, factor, more);
                h = Fma.MultiplyAdd(h, factor, more);
            }

            // The shortest is one that no other program interrupted.
            least = Math.Min(least, Stopwatch.GetTimestamp() - since);
        }
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < Milliseconds);
        // Used, so that it is not left out.
        bool isDone = Vector256.Sum(a + b + c + d + e + f + g + h) > 0;
        return isDone ? Rounds * (double)Chains * Vector256<float>.Count * 2 * Stopwatch.Frequency / least : 0;
    }
}
