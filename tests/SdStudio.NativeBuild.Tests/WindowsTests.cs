using SdStudio.Tests;

namespace SdStudio.NativeBuild.Tests;

/// <summary>The bridge for Windows, built here by MinGW against the stand-in, and its own tests under Wine.</summary>
public sealed class WindowsTests
{
    private const string Wine = "/usr/lib/wine/wine64";

    [Fact]
    public async Task The_bridge_for_Windows_passes_its_tests_under_Wine()
    {
        Need("x86_64-w64-mingw32-g++-posix", "g++-mingw-w64-x86-64-posix");
        Need(Wine, "wine64");
        using var folder = new TemporaryFolder();
        await Tools.Build(folder["build"], "cpu-win-x64", $"-DSDCPP_SOURCE_DIR={Tools.StandIn}");
        string[] libraries = [.. Directory.GetFiles(folder["build", "out"], "*.dll").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(["libstable-diffusion.dll", "sdcpp.dll"], libraries);

        // What .NET opens must need nothing that a compiler brought.
        string imports = (await Tools.RunAsync("x86_64-w64-mingw32-objdump", ["-p", folder["build", "out", "sdcpp.dll"]])).Succeeded().Output;
        Assert.DoesNotContain("libstdc++", imports, StringComparison.Ordinal);
        Assert.DoesNotContain("libwinpthread", imports, StringComparison.Ordinal);
        Assert.DoesNotContain("libstable-diffusion", imports, StringComparison.Ordinal);

        var run = await Tools.RunAsync(
            Wine, ["bridge_test.exe"],
            new Dictionary<string, string> { ["WINEPREFIX"] = folder["wine"], ["WINEDEBUG"] = "-all", ["LANG"] = "C.UTF-8" },
            folder["build", "tests", "native"]);
        Assert.Contains(" 0 failed (stand-in engine: all)", run.Succeeded().Output, StringComparison.Ordinal);
    }

    private static void Need(string program, string package)
    {
        if (!File.Exists(program) && !Tools.OnPath(program))
        {
            string? problem = DebianPackages.Install(package);
            Assert.SkipUnless(problem is null, problem ?? "");
        }
    }
}
