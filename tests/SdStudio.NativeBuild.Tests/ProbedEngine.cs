using System.Runtime.Versioning;
using SdStudio.EngineUpgrade;

namespace SdStudio.NativeBuild.Tests;

/// <summary>What engine_probe tells of the pinned engine, asked once.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProbedEngine : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    internal ProbeAnswer Answer { get; private set; } = null!;

    /// <summary>The engine file in the cache of this machine.</summary>
    public static string File
    {
        get
        {
            string path = PrebuiltProviderTests.PinnedEngine();
            Assert.SkipUnless(System.IO.File.Exists(path), "the prebuilt engine is not in the cache: build the preset prebuilt first");
            return path;
        }
    }

    public async ValueTask InitializeAsync()
    {
        string source = System.IO.Path.Combine(Tools.Repository, "native", "tools");
        (await Tools.RunAsync("cmake", ["-S", source, "-B", _folder.Path, .. Tools.Generator])).Succeeded();
        (await Tools.RunAsync("cmake", ["--build", _folder.Path])).Succeeded();
        Answer = ProbeAnswer.Parse((await Tools.RunAsync(_folder["engine_probe"], [File])).Succeeded().Output);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
