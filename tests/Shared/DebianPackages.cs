using System.Diagnostics;

namespace SdStudio.Tests;

/// <summary>Installs what a test needs, where that is possible: as root on Debian.</summary>
internal static class DebianPackages
{
    // Two test projects run at the same time, and apt does not wait for the lock of its lists.
    private static readonly string Turn = Path.Combine(Path.GetTempPath(), "sdstudio-tests-apt.lock");

    /// <summary>Installs packages without what they only recommend.</summary>
    /// <returns>Why that was not possible; null when it was.</returns>
    public static string? Install(params string[] names)
    {
        string packages = string.Join(", ", names);
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/apt-get"))
            return $"{packages}: there is no apt-get here";
        if (!Environment.IsPrivilegedProcess)
            return $"{packages}: only root can install them; sudo apt-get install {string.Join(' ', names)}";
        return Run("update") ?? Run(["install", "-y", "--no-install-recommends", .. names]);
    }

    private static string? Run(params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("/usr/bin/flock", [Turn, "/usr/bin/apt-get", "-o", "DPkg::Lock::Timeout=300", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["DEBIAN_FRONTEND"] = "noninteractive" },
            },
        };
        List<string> said = [];
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            lock (said)
                said.Add(line.Data ?? "");
        };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : $"apt-get {string.Join(' ', arguments)} failed: {string.Join(' ', said)}";
    }
}
