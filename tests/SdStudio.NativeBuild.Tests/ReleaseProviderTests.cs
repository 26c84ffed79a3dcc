using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace SdStudio.NativeBuild.Tests;

/// <summary>Archives in the shape of the engine's releases, made from the stand-in, on a server of this test's own.</summary>
public sealed class ReleaseServer : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpListener _listener = new();
    private Task _serving = Task.CompletedTask;
    private int _served;

    public string Address { get; private set; } = "";

    /// <summary>Requests answered so far.</summary>
    public int Served => _served;

    public async ValueTask InitializeAsync()
    {
        string build = _folder["build"];
        (await Tools.RunAsync("cmake", ["-S", Tools.StandIn, "-B", build, .. Tools.Generator, "-DSD_BUILD_SHARED_LIBS=ON", "-DGGML_BACKEND_DL=ON"])).Succeeded();
        (await Tools.RunAsync("cmake", ["--build", build])).Succeeded();
        string files = _folder.Make("files");
        File.Copy(Path.Combine(Tools.StandIn, "include", "stable-diffusion.h"), Path.Combine(files, "stable-diffusion.h"));
        (await Tools.RunAsync("cmake", ["-E", "tar", "cf", Path.Combine(files, "whole.zip"), "--format=zip", "libstable-diffusion.so", "libggml.so", "libggml-cpu.so"], folder: build)).Succeeded();
        (await Tools.RunAsync("cmake", ["-E", "tar", "cf", Path.Combine(files, "without-engine.zip"), "--format=zip", "libggml.so", "libggml-cpu.so"], folder: build)).Succeeded();
        Listen();
        _serving = Serve(files);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
        _folder.Dispose();
    }

    /// <summary>A lock file that pins <paramref name="archive"/>; another hash than the file's where one is given.</summary>
    public string Lock(TemporaryFolder folder, string archive, string? sha256 = null) => folder.Write(
        new JsonObject
        {
            ["tag"] = "master-1-5ta4d14",
            ["commit"] = "5ta4d14",
            ["header"] = new JsonObject { ["url"] = Address + "stable-diffusion.h", ["sha256"] = Hash("stable-diffusion.h") },
            ["archives"] = Address.TrimEnd('/'),
            ["builds"] = new JsonObject
            {
                [PlatformBuild] = new JsonObject { ["file"] = archive, ["sha256"] = sha256 ?? Hash(archive.Replace("cut-", "", StringComparison.Ordinal)), ["library"] = "libstable-diffusion.so" },
            },
        }.ToJsonString(),
        "release.lock.json");

    public static string PlatformBuild { get; } = $"linux-{System.Runtime.InteropServices.RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}-cpu";

    private string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_folder["files", file])));

    private void Listen()
    {
        // A port that is free now may be taken a moment later: then another one.
        for (int attempt = 0; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add(Address);
            try
            {
                _listener.Start();
                return;
            }
            catch (HttpListenerException) when (attempt < 10)
            {
            }
        }
    }

    // "cut-" before a name: the connection ends in the middle of the file.
    private async Task Serve(string files)
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            Interlocked.Increment(ref _served);
            string name = Path.GetFileName(context.Request.Url!.LocalPath);
            bool cut = name.StartsWith("cut-", StringComparison.Ordinal);
            string path = Path.Combine(files, cut ? name["cut-".Length..] : name);
            if (!File.Exists(path))
            {
                context.Response.StatusCode = 404;
                context.Response.Close();
                continue;
            }

            byte[] content = await File.ReadAllBytesAsync(path);
            context.Response.ContentLength64 = content.Length;
            await context.Response.OutputStream.WriteAsync(content.AsMemory(0, cut ? content.Length / 2 : content.Length));
            if (cut)
                context.Response.Abort();
            else
                context.Response.Close();
        }
    }
}

public sealed class ReleaseProviderTests(ReleaseServer server) : IClassFixture<ReleaseServer>
{
    [Fact]
    public async Task A_release_archive_is_fetched_once_built_with_and_its_back_ends_are_loaded_from_beside_it()
    {
        using var folder = new TemporaryFolder();
        Dictionary<string, string> environment = new() { ["SDCPP_CACHE_DIR"] = folder["cache"] };
        string[] arguments = Arguments(folder, server.Lock(folder, "whole.zip"), "-DSDCPP_BUILD_TESTS=ON", "-DCMAKE_BUILD_TYPE=Debug");
        (await Tools.RunAsync("cmake", arguments, environment)).Succeeded();
        Assert.Equal(
            ["libggml-cpu.so", "libggml.so", "libstable-diffusion.so"],
            Directory.GetFiles(folder["build", "out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        int served = server.Served;
        (await Tools.RunAsync("cmake", arguments, environment)).Succeeded();
        Assert.Equal(served, server.Served);

        (await Tools.RunAsync("cmake", ["--build", folder["build"], "--parallel"], environment)).Succeeded();
        Assert.Contains("100% tests passed", (await Tools.Test(folder["build"])).Succeeded().Output, StringComparison.Ordinal);

        // What a person forgets when the files are copied by hand.
        string program = folder["build", "tests", "native", "bridge_test"];
        File.Delete(folder["build", "out", "libggml-cpu.so"]);
        Assert.Contains("the engine has no back end to compute with: no ggml-cpu library in", (await Tools.RunAsync(program, ["--load", "-"])).Failed().Output, StringComparison.Ordinal);
        File.Delete(folder["build", "out", "libggml.so"]);
        var run = (await Tools.RunAsync(program, ["--load", "-"])).Failed();
        Assert.StartsWith("status 2: the engine library ", run.Output, StringComparison.Ordinal);
        Assert.Contains("libggml.so", run.Output, StringComparison.Ordinal);
        File.Delete(folder["build", "out", "libstable-diffusion.so"]);
        Assert.Contains("all libraries of the engine's build belong beside libsdcpp", (await Tools.RunAsync(program, ["--load", "-"])).Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_with_another_hash_is_refused_with_both_hashes_and_does_not_stay()
    {
        using var folder = new TemporaryFolder();
        var run = (await Configure(folder, server.Lock(folder, "whole.zip", new string('0', 64)))).Failed();
        Assert.Contains("whole.zip is not the file that is pinned: its SHA-256 is", run.Flowing, StringComparison.Ordinal);
        Assert.Contains("expected is " + new string('0', 64), run.Flowing, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(folder["cache"], "whole.zip*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task An_archive_that_arrives_cut_is_refused_and_does_not_stay()
    {
        using var folder = new TemporaryFolder();
        var run = (await Configure(folder, server.Lock(folder, "cut-whole.zip"))).Failed();
        Assert.Contains("cut-whole.zip could not be downloaded whole:", run.Flowing, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(folder["cache"], "*.zip*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task An_archive_that_is_not_there_is_said_so_with_the_servers_answer()
    {
        using var folder = new TemporaryFolder();
        var run = (await Configure(folder, server.Lock(folder, "nowhere.zip", new string('0', 64)))).Failed();
        Assert.Contains("nowhere.zip could not be downloaded whole: \"HTTP response code said error\"", run.Flowing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_without_the_engines_library_is_refused_with_its_name()
    {
        using var folder = new TemporaryFolder();
        var run = (await Configure(folder, server.Lock(folder, "without-engine.zip"))).Failed();
        Assert.Contains("without-engine.zip has no libstable-diffusion.so", run.Flowing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_platform_without_a_pinned_archive_is_told_which_there_are()
    {
        using var folder = new TemporaryFolder();
        var run = (await Configure(folder, server.Lock(folder, "whole.zip"), "-DSDCPP_RELEASE_BACKEND=rocm")).Failed();
        Assert.Contains($"The release has no pinned archive {ReleaseServer.PlatformBuild.Replace("cpu", "rocm", StringComparison.Ordinal)}. There are: {ReleaseServer.PlatformBuild}.", run.Flowing, StringComparison.Ordinal);
    }

    [Fact]
    public void The_pinned_release_names_a_hash_for_every_archive()
    {
        JsonNode pinned = JsonNode.Parse(File.ReadAllText(Path.Combine(Tools.Repository, "native", "engine", "release", "release.lock.json")))!;
        Assert.All(pinned["builds"]!.AsObject(), build => Assert.Matches("^[0-9a-f]{64}$", (string)build.Value!["sha256"]!));
        Assert.Matches("^[0-9a-f]{64}$", (string)pinned["header"]!["sha256"]!);
        Assert.StartsWith("https://", (string)pinned["archives"]!, StringComparison.Ordinal);
        Assert.Contains((string)pinned["commit"]!, (string)pinned["header"]!["url"]!, StringComparison.Ordinal);
    }

    private static Task<Run> Configure(TemporaryFolder folder, string lockFile, params string[] more)
        => Tools.RunAsync("cmake", Arguments(folder, lockFile, more), new Dictionary<string, string> { ["SDCPP_CACHE_DIR"] = folder["cache"] });

    private static string[] Arguments(TemporaryFolder folder, string lockFile, params string[] more)
        => ["-S", Tools.Repository, "-B", folder["build"], "--preset", "release", .. Tools.Generator, $"-DSDCPP_RELEASE_LOCK={lockFile}", .. more];
}
