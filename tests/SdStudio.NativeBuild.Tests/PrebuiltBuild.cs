using System.Runtime.Versioning;

namespace SdStudio.NativeBuild.Tests;

/// <summary>The preset prebuilt with the real engine, built once for the tests that need it.</summary>
[SupportedOSPlatform("linux")]
public sealed class PrebuiltBuild : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public string Bridge => _folder["out", "libsdcpp.so"];

    public string Program => _folder["tests", "native", "bridge_test"];

    public Task<Run> Load(Dictionary<string, string>? environment = null) => Tools.RunAsync(Program, ["--load", "-"], environment);

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(PrebuiltProviderTests.PinnedEngine()), "the prebuilt engine is not in the cache: build the preset prebuilt first");
        await Tools.Build(Folder, "prebuilt");
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
