using System.Diagnostics;
using System.Runtime.InteropServices;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Mesa's software device: a graphics device where there is no card.</summary>
internal static class SoftwareVulkan
{
    private const string Drivers = "/usr/share/vulkan/icd.d";

    /// <summary>What a process needs in its environment to have it; skips the test where it cannot be had.</summary>
    /// <param name="folder">Where a library for it is compiled to.</param>
    public static async Task<Dictionary<string, string>> EnvironmentAsync(string folder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "The Vulkan plug-in is tested on Linux x64.");
        string? problem = Find() is null ? DebianPackages.Install("libvulkan1", "mesa-vulkan-drivers") : null;
        string? driver = Find();
        Assert.SkipWhen(driver is null, $"Vulkan's software device cannot be installed: {problem ?? "mesa-vulkan-drivers has no lavapipe here"}");
        string kept = Path.Combine(Directory.CreateDirectory(folder).FullName, "keep_buffers.so");
        using Process compiler = Process.Start(
            "cc", ["-shared", "-fPIC", "-O1", "-o", kept, Path.Combine(ServerProcess.Repository, "tests", "SdCpp.Interop.Tests", "Vulkan", "keep_buffers.c"), "-ldl"]);
        await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, compiler.ExitCode);
        // It is no card: ggml leaves it out unless it is told otherwise.
        return new() { ["GGML_VK_VISIBLE_DEVICES"] = "0", ["VK_DRIVER_FILES"] = driver!, ["VK_ICD_FILENAMES"] = driver!, ["LD_PRELOAD"] = kept };
    }

    private static string? Find() => NativeLibrary.TryLoad("libvulkan.so.1", out _) && Directory.Exists(Drivers)
        ? Directory.GetFiles(Drivers, "lvp_icd*.json").FirstOrDefault()
        : null;
}
