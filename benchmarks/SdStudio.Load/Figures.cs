namespace SdStudio.Load;

/// <summary>Times, sorted.</summary>
internal static class Figures
{
    /// <param name="times">Milliseconds.</param>
    public static string Of(List<double> times)
    {
        times.Sort();
        return FormattableString.Invariant($"p50 {At(times, .5):F1} ms, p99 {At(times, .99):F1} ms, max {times[^1]:F1} ms ({times.Count} requests)");
    }

    public static double At(List<double> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))];
}
