using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SdStudio.NativeBuild.Tests;

[SupportedOSPlatform("linux")]
public sealed partial class PrebuiltProviderTests
{
    private const string ForgedFile = "not the engine";

    private static string Platform => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";

    private static string RealCache
        => Environment.GetEnvironmentVariable("SDCPP_CACHE_DIR")
            ?? (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { } xdg ? Path.Combine(xdg, "sdstudio") : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "sdstudio"));

    [Fact]
    public async Task A_file_that_does_not_have_the_pinned_hash_stops_the_build_and_names_the_lock_file()
    {
        using var folder = new TemporaryFolder();
        var source = CopyOfTheRepository(folder);
        var lockFile = Path.Combine(source, "native", "engine", "prebuilt", "engine.lock.json");
        var text = await File.ReadAllTextAsync(lockFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(lockFile, Hash().Replace(text, new string('0', 64)), TestContext.Current.CancellationToken);
        var package = Path.Combine("node_modules", "@qvac", "diffusion-cpp", "prebuilds", Platform);
        var run = await ConfigureWithNpm(folder, source, $"mkdir -p {package}/qvac__diffusion-cpp && for f in {string.Join(' ', EngineFiles().Select(f => $"{package}/{f}"))}; do echo '{ForgedFile}' > $f; done");
        Assert.Contains("do not have the hashes in", run.Failed().Flowing, StringComparison.Ordinal);
        Assert.Contains("native/engine/prebuilt/engine.lock.json", run.Output.ReplaceLineEndings(""), StringComparison.Ordinal);
        Assert.False(Directory.Exists(CacheOf(folder)), "the wrong files must not stay in the cache");
    }

    [Fact]
    public async Task A_registry_that_cannot_be_reached_is_said_so_with_npms_own_words()
    {
        using var folder = new TemporaryFolder();
        var run = await ConfigureWithNpm(folder, CopyOfTheRepository(folder), "echo 'npm error network ENOTFOUND' >&2; exit 1");
        Assert.Contains("npm could not fetch @qvac/diffusion-cpp: is the registry reachable?", run.Failed().Flowing, StringComparison.Ordinal);
        Assert.Contains("npm error network ENOTFOUND", run.Flowing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_real_engine_passes_the_tests_that_need_no_model_and_another_file_in_its_place_is_refused_by_its_hash()
    {
        Assert.SkipUnless(EngineFiles().All(f => File.Exists(Path.Combine(RealCache, "prebuilt-engine", Version(), Platform, f))), "the prebuilt engine is not in the cache: build the preset prebuilt first");
        using var folder = new TemporaryFolder();
        await Tools.Build(folder["build"], "prebuilt");
        (await Tools.Test(folder["build"])).Succeeded();

        var program = folder["build", "tests", "native", "bridge_test"];
        Assert.StartsWith("status 0: ", (await Tools.RunAsync(program, ["--load", "-"])).Succeeded().Output, StringComparison.Ordinal);

        // Deleted first: the file in the build folder is a link into the cache.
        var engine = folder["build", "out", EngineFiles()[0]];
        File.Delete(engine);
        await File.WriteAllTextAsync(engine, ForgedFile, TestContext.Current.CancellationToken);
        const int incompatible = 3;
        var run = (await Tools.RunAsync(program, ["--load", "-"])).Failed();
        Assert.StartsWith($"status {incompatible}: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("its SHA-256 is", run.Output, StringComparison.Ordinal);
        Assert.Contains(Lock().GetProperty("engine").GetProperty("sha256").GetString()!, run.Output, StringComparison.Ordinal);
    }

    private static async Task<Run> ConfigureWithNpm(TemporaryFolder folder, string source, string script)
    {
        var npm = folder.Write($"#!/bin/sh\n{script}\n", "bin", "npm");
        File.SetUnixFileMode(npm, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // What a cache holds when the lock file has changed since: files of another content.
        foreach (var file in EngineFiles())
        {
            var path = Path.Combine(CacheOf(folder), file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, "an older engine", TestContext.Current.CancellationToken);
        }

        return await Tools.RunAsync("cmake", ["-S", source, "-B", folder["build"], "--preset", "prebuilt"], new Dictionary<string, string>
        {
            ["PATH"] = Path.GetDirectoryName(npm) + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH"),
            ["SDCPP_CACHE_DIR"] = folder["cache"],
        });
    }

    private static string CacheOf(TemporaryFolder folder) => folder["cache", "prebuilt-engine", Version(), Platform];

    private static string CopyOfTheRepository(TemporaryFolder folder)
    {
        var source = folder.Make("repository");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Tools.Repository, "native"), "*", SearchOption.AllDirectories)
            .Append(Path.Combine(Tools.Repository, "CMakeLists.txt")).Append(Path.Combine(Tools.Repository, "CMakePresets.json")))
        {
            var copy = Path.Combine(source, Path.GetRelativePath(Tools.Repository, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return source;
    }

    private static JsonElement Root()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Tools.Repository, "native", "engine", "prebuilt", "engine.lock.json")));
        return json.RootElement.Clone();
    }

    private static string Version() => Root().GetProperty("version").GetString()!;

    private static JsonElement Lock() => Root().GetProperty("platforms").GetProperty(Platform);

    private static string[] EngineFiles() => [FileOf("engine"), FileOf("vulkan")];

    private static string FileOf(string part) => Lock().GetProperty(part).GetProperty("file").GetString()!;

    [GeneratedRegex("(?<=\"sha256\": \")[0-9a-f]{64}")]
    private static partial Regex Hash();
}
