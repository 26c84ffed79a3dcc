namespace SdCpp.Interop.Native;

/// <summary>How many threads a call gets that names none, and whether it takes turns with others.</summary>
internal static class CpuThreads
{
    /// <summary>
    /// The physical cores that this process may use: .NET knows a container's share of time, the bridge the CPUs that this thread may
    /// run on now.
    /// </summary>
    public static int Default => Math.Max(1, Math.Min(Environment.ProcessorCount, NativeMethods.sdcpp_available_threads()));

    public static int For(int asked) => asked == 0 ? Default : asked;

    /// <summary>Whether calls share the cores in turns: those that name no number of threads and compute on the CPU.</summary>
    public static bool TakesTurns(int asked, string? device) => asked == 0
        && (SdEngine.Load().Info.Backend == "cpu" || string.Equals(device, "cpu", StringComparison.OrdinalIgnoreCase));
}
