using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using SdStudio.Tests;

namespace SdStudio.NativeBuild.Tests;

[SupportedOSPlatform("linux")]
public sealed partial class PrebuiltProviderTests(PrebuiltBuild build) : IClassFixture<PrebuiltBuild>
{
    private const string ForgedFile = "not the engine";

    internal static string Platform => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";

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
    public async Task The_real_engine_passes_the_tests_that_need_no_model()
    {
        (await Tools.Test(build.Folder)).Succeeded();
        Assert.StartsWith("status 0: ", (await build.Load()).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_file_in_its_place_is_refused_by_its_hash()
    {
        using var folder = new TemporaryFolder();
        File.Copy(build.Bridge, folder["libsdcpp.so"]);
        folder.Write(ForgedFile, EngineFiles()[0]);
        var run = (await build.Load(new() { ["LD_LIBRARY_PATH"] = folder.Path })).Failed();
        Assert.StartsWith("status 3: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("its SHA-256 is", run.Output, StringComparison.Ordinal);
        Assert.Contains(Lock().GetProperty("engine").GetProperty("sha256").GetString()!, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hardened_environment_that_binds_at_once_is_named_in_the_message()
        => Assert.Contains("LD_BIND_NOW is set in the environment", (await build.Load(new() { ["LD_BIND_NOW"] = "1" })).Failed().Output, StringComparison.Ordinal);

    [Fact]
    public async Task A_processor_that_lacks_the_engines_instructions_is_told_so_and_the_process_lives()
    {
        Assert.SkipUnless(Platform == "linux-x64", "the instructions are those of x64");
        if (!Tools.OnPath("qemu-x86_64"))
        {
            string? problem = DebianPackages.Install("qemu-user");
            Assert.SkipUnless(problem is null, problem ?? "");
        }

        var run = (await Tools.RunAsync("qemu-x86_64", ["-cpu", "Nehalem", build.Program, "--load", "-"])).Failed();
        Assert.StartsWith("status 3: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("this one lacks AVX2, FMA, F16C. Build the engine from source for it: preset cpu", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_that_holds_the_engine_is_not_written_to()
    {
        using var folder = new TemporaryFolder();
        string cached = folder.Make("cache", "prebuilt-engine", Version());
        File.CreateSymbolicLink(Path.Combine(cached, Platform), Path.GetDirectoryName(PinnedEngine())!);
        (await Tools.RunAsync("cmake", ["-S", Tools.Repository, "-B", folder["build"], "--preset", "prebuilt", .. Tools.Generator], new Dictionary<string, string> { ["SDCPP_CACHE_DIR"] = folder["cache"] })).Succeeded();
        Assert.Equal([Path.Combine(cached, Platform)], Directory.GetFileSystemEntries(folder["cache"], "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Where(entry => entry.StartsWith(cached + "/", StringComparison.Ordinal) ? Path.GetDirectoryName(entry) == cached : Path.GetFileName(entry) is not "prebuilt-engine" && entry != cached));
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

    /// <summary>The pinned engine for this machine, in the cache that builds take it from.</summary>
    internal static string PinnedEngine() => Path.Combine(RealCache, "prebuilt-engine", Version(), Platform, EngineFiles()[0]);

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

    internal static string Version() => Root().GetProperty("version").GetString()!;

    private static JsonElement Lock() => Root().GetProperty("platforms").GetProperty(Platform);

    private static string[] EngineFiles() => [FileOf("engine"), FileOf("vulkan")];

    private static string FileOf(string part) => Lock().GetProperty(part).GetProperty("file").GetString()!;

    [GeneratedRegex("(?<=\"sha256\": \")[0-9a-f]{64}")]
    private static partial Regex Hash();
}
