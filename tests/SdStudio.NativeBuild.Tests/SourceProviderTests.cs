using System.Text.RegularExpressions;

namespace SdStudio.NativeBuild.Tests;

public sealed partial class SourceProviderTests(StandInBuild standIn)
{
    [Theory]
    [InlineData("cpu", "OFF", "OFF")]
    [InlineData("vulkan", "OFF", "ON")]
    [InlineData("cuda", "ON", "OFF")]
    public async Task Each_preset_passes_exactly_its_options_to_the_engine(string preset, string cuda, string vulkan)
    {
        using var folder = new TemporaryFolder();
        (await Tools.Configure(Tools.Repository, folder.Path, preset, $"-DSDCPP_SOURCE_DIR={Tools.StandIn}")).Succeeded();
        Assert.Equal(
            ["SD_BUILD_SHARED_LIBS=ON", "SD_BUILD_EXAMPLES=OFF", "SD_WEBP=OFF", "SD_WEBM=OFF", $"SD_CUDA={cuda}", $"SD_VULKAN={vulkan}", "SD_METAL=OFF", "GGML_NATIVE=OFF", "GGML_OPENMP=OFF"],
            await File.ReadAllLinesAsync(folder["standin-options.txt"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_preset_cpu_builds_and_its_tests_pass_under_address_and_undefined_behaviour_sanitizers()
        => Assert.Contains("100% tests passed", (await Tools.Test(standIn.Folder)).Succeeded().Output, StringComparison.Ordinal);

    [Fact]
    public void The_engine_lies_beside_the_bridge()
    {
        Assert.True(File.Exists(standIn.Bridge));
        Assert.True(File.Exists(standIn.Engine));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(standIn.Folder, "out")).Length);
    }

    [Fact]
    public async Task The_bridge_exports_exactly_the_functions_of_its_headers()
    {
        var headers = Directory.GetFiles(Path.Combine(Tools.Repository, "native", "include"), "*.h", SearchOption.AllDirectories).Select(File.ReadAllText);
        var declared = headers.SelectMany(header => Declaration().Matches(header)).Select(m => m.Groups["name"].Value).Order(StringComparer.Ordinal);
        var symbols = (await Tools.RunAsync("nm", ["-D", "--defined-only", "--format=posix", standIn.Bridge])).Succeeded().Output;
        var exported = symbols.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal);
        Assert.Equal(declared, exported);
    }

    [Fact]
    public async Task A_source_folder_without_the_engine_is_refused_with_its_name()
    {
        using var folder = new TemporaryFolder();
        var source = folder.Make("source");
        folder.Write("cmake_minimum_required(VERSION 3.12)\nproject(something-else LANGUAGES NONE)\n", "source", "CMakeLists.txt");
        var run = (await Tools.Configure(Tools.Repository, folder["build"], "cpu", $"-DSDCPP_SOURCE_DIR={source}")).Failed();
        Assert.Contains("no CMake target 'stable-diffusion'", run.Flowing, StringComparison.Ordinal);
        Assert.Contains(source, run.Flowing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_provider_is_refused_with_the_known_ones()
    {
        using var folder = new TemporaryFolder();
        var run = (await Tools.Configure(Tools.Repository, folder.Path, "cpu", "-DSDCPP_ENGINE=nonsense")).Failed();
        Assert.Contains("SDCPP_ENGINE is 'nonsense'; it must be prebuilt, release, library or source", run.Flowing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_installed_engine_is_found_in_include_and_lib_and_passes_the_tests()
    {
        using var folder = new TemporaryFolder();
        folder.Make("engine", "include");
        folder.Make("engine", "lib");
        File.Copy(Path.Combine(Tools.StandIn, "include", "stable-diffusion.h"), folder["engine", "include", "stable-diffusion.h"]);
        File.Copy(standIn.Engine, folder["engine", "lib", "libstable-diffusion.so"]);
        await Tools.Build(folder["build"], "library", $"-DSDCPP_LIBRARY_DIR={folder["engine"]}");
        (await Tools.Test(folder["build"])).Succeeded();
        Assert.True(File.Exists(folder["build", "out", "libstable-diffusion.so"]));
    }

    [Fact]
    public async Task An_installed_engine_that_is_not_there_is_asked_for_by_the_name_of_the_setting()
    {
        using var folder = new TemporaryFolder();
        var run = (await Tools.Configure(Tools.Repository, folder.Path, "library")).Failed();
        Assert.Contains("set SDCPP_LIBRARY_DIR", run.Flowing, StringComparison.Ordinal);
        Assert.Contains("stable-diffusion.h or its library was not found", run.Flowing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_folder_for_an_installed_engine_counts_although_one_was_found_before()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "first", "second" })
        {
            File.Copy(Path.Combine(Tools.StandIn, "include", "stable-diffusion.h"), Path.Combine(folder.Make(name, "include"), "stable-diffusion.h"));
            File.Copy(standIn.Engine, Path.Combine(folder.Make(name, "lib"), "libstable-diffusion.so"));
            folder.Write("", name, "lib", $"libggml-of-{name}.so");
            (await Tools.Configure(Tools.Repository, folder["build"], "library", $"-DSDCPP_LIBRARY_DIR={folder[name]}")).Succeeded();
        }

        // All that lies with the engine comes along, and nothing of another one stays.
        Assert.Equal(["libggml-of-second.so", "libstable-diffusion.so"], Directory.GetFiles(folder["build", "out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains(folder["second", "include"], await File.ReadAllTextAsync(folder["build", Tools.Generator.Length > 0 ? "build.ninja" : "CMakeFiles/sdcpp.dir/flags.make"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_generator_of_many_configurations_puts_the_libraries_where_the_packages_take_them_from()
    {
        Assert.SkipUnless(Tools.OnPath("ninja"), "there is no ninja here");
        using var folder = new TemporaryFolder();
        (await Tools.RunAsync("cmake", ["-S", Tools.Repository, "-B", folder.Path, "--preset", "cpu", "-G", "Ninja Multi-Config", $"-DSDCPP_SOURCE_DIR={Tools.StandIn}"])).Succeeded();
        var rules = await File.ReadAllTextAsync(folder["CMakeFiles", "impl-Release.ninja"], TestContext.Current.CancellationToken);
        Assert.Contains("build out/libsdcpp.so", rules, StringComparison.Ordinal);
        Assert.Contains("build out/libstable-diffusion.so", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("out/Release", rules, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_the_engines_submodules_only_the_one_that_is_built_is_cloned()
    {
        using var folder = new TemporaryFolder();
        Dictionary<string, string> local = new() { ["GIT_CONFIG_COUNT"] = "1", ["GIT_CONFIG_KEY_0"] = "protocol.file.allow", ["GIT_CONFIG_VALUE_0"] = "always" };
        foreach (var name in new[] { "ggml", "server-page" })
        {
            folder.Write("here", name, "here.txt");
            await Commit(folder[name]);
        }

        (await Tools.RunAsync("cp", ["-r", Tools.StandIn, folder["engine"]])).Succeeded();
        await Commit(folder["engine"]);
        foreach (var name in new[] { "ggml", "server-page" })
        {
            (await Tools.RunAsync("git", ["submodule", "--quiet", "add", folder[name], name], local, folder["engine"])).Succeeded();
        }

        await Commit(folder["engine"]);
        var commit = (await Tools.RunAsync("git", ["rev-parse", "HEAD"], folder: folder["engine"])).Succeeded().Output.Trim();
        (await Tools.RunAsync(
            "cmake", ["-S", Tools.Repository, "-B", folder["build"], "--preset", "cpu", .. Tools.Generator, $"-DSDCPP_ENGINE_REPOSITORY={folder["engine"]}", $"-DSDCPP_ENGINE_COMMIT={commit}"], local)).Succeeded();
        Assert.True(File.Exists(folder["build", "_deps", "stable-diffusion-src", "ggml", "here.txt"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["build", "_deps", "stable-diffusion-src", "server-page"]));

        async Task Commit(string repository)
        {
            (await Tools.RunAsync("git", ["init", "--quiet"], folder: repository)).Succeeded();
            (await Tools.RunAsync("git", ["add", "-A"], folder: repository)).Succeeded();
            (await Tools.RunAsync("git", ["-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "test"], folder: repository)).Succeeded();
        }
    }

    [GeneratedRegex(@"^SDCPP_API [^;(]*?\b(?<name>sdcpp_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
