using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace SdCpp.Interop.Native;

/// <summary>Why a native library cannot be loaded on this machine, in words, from what the system's loader says.</summary>
internal static partial class LoadProblem
{
    /// <summary>The remedy as a further sentence; empty when the loader's own words are all that is known.</summary>
    public static string Explain(string message) => Explain(message, RuntimeInformation.RuntimeIdentifier);

    internal static string Explain(string message, string runtime)
    {
        if (runtime.Contains("musl", StringComparison.Ordinal))
        {
            return " This system has musl as its C library (Alpine Linux); the packages are built for glibc 2.34 or newer. " +
                "Use an image with glibc, e.g. Debian 12 or Ubuntu 22.04, or build the native library here with the preset cpu.";
        }

        if (Version().Match(message) is { Success: true } missing)
        {
            return $" The C library of this system is older than {missing.Value.Replace('_', ' ')}, which the native library was built for. " +
                "Use a newer system, e.g. Debian 12 or Ubuntu 22.04, or build the native library here with the preset cpu.";
        }

        if (message.Contains("libstdc++.so.6", StringComparison.Ordinal))
            return " Install the C++ runtime (on Debian and Ubuntu: libstdc++6).";
        return message.Contains("wrong ELF class", StringComparison.Ordinal) || message.Contains("incorrect format", StringComparison.Ordinal)
            || message.Contains("incompatible architecture", StringComparison.Ordinal)
            ? $" The library is for another kind of processor than this process ({RuntimeInformation.ProcessArchitecture})."
            : "";
    }

    [GeneratedRegex(@"GLIBC(XX)?_[0-9.]*[0-9]")]
    private static partial Regex Version();
}
