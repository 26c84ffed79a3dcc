namespace SdStudio.NativeBuild.Tests;

/// <summary>The preset cpu with the stand-in engine, under the sanitizers, built once for all tests that need it.</summary>
public sealed class StandInBuild : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public string Bridge => _folder["out", "libsdcpp.so"];

    public string Engine => _folder["out", "libstable-diffusion.so"];

    public async ValueTask InitializeAsync() => await Tools.Build(Folder, "cpu", $"-DSDCPP_SOURCE_DIR={Tools.StandIn}", "-DSDCPP_SANITIZE=address,undefined");

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
