using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace SdStudio.GpuCheck;

/// <summary>What the card's driver says, where it says something to anybody: everybody's memory, not only this process's.</summary>
internal static class DriverMemory
{
    /// <summary>What is in use of the card's memory, MiB; null when nobody tells.</summary>
    public static double? UsedMib() => Nvidia("memory.used") is { } text && double.TryParse(text, CultureInfo.InvariantCulture, out double used) ? used : Amd();

    /// <summary>The driver's version; null when nobody tells.</summary>
    public static string? Version() => Nvidia("name,driver_version") is { } text ? text : File.Exists("/sys/module/amdgpu/version") ? File.ReadAllText("/sys/module/amdgpu/version").Trim() : null;

    // With several cards the first one's line: the engine's first device is on it.
    private static string? Nvidia(string fields)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("nvidia-smi", [$"--query-gpu={fields}", "--format=csv,noheader,nounits"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            string? line = process.StandardOutput.ReadLine();
            process.WaitForExit();
            return process.ExitCode == 0 ? line : null;
        }
        catch (Win32Exception)
        {
            // There is no NVIDIA driver here.
            return null;
        }
    }

    private static double? Amd()
    {
        string? file = Directory.Exists("/sys/class/drm")
            ? Directory.GetDirectories("/sys/class/drm", "card*").Select(card => Path.Combine(card, "device", "mem_info_vram_used")).FirstOrDefault(File.Exists)
            : null;
        return file is null ? null : double.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) / CheckContext.MiB;
    }
}
