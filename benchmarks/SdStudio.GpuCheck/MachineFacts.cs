using System.Runtime.InteropServices;

namespace SdStudio.GpuCheck;

/// <summary>What the machine is.</summary>
internal static class MachineFacts
{
    public static MachineEntry Read() => new(
        RuntimeInformation.OSDescription, Processor(), Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / CheckContext.MiB, DriverMemory.Version());

    private static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown"
        : "unknown";
}
