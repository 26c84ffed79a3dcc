using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A real file system that is really full. Needs the right to mount one.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _data = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;
    private bool _mounted;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_mounted)
            Run("umount", "-l", _data);
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task A_full_disk_is_told_and_the_server_goes_on_when_there_is_room_again()
    {
        _mounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", _data) == 0;
        Assert.SkipUnless(_mounted, "No file system may be mounted here: it takes root.");
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        Assert.Equal(HttpStatusCode.OK, (await DrawAsync(server)).Status);
        string filler = Path.Combine(_data, "filler");
        Fill(filler);

        for (int i = 0; i < 3; i++)
        {
            (HttpStatusCode status, JsonElement body) = await DrawAsync(server);
            Assert.True(status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.InternalServerError, $"{status}: {body}");
            Assert.Contains("disk", body.ToString(), StringComparison.Ordinal);
        }

        using (HttpResponseMessage health = await server.Client.GetAsync(new Uri("/api/health", UriKind.Relative), Cancellation))
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        File.Delete(filler);
        Assert.Equal(HttpStatusCode.OK, (await DrawAsync(server)).Status);
        Assert.Empty(Directory.GetFiles(_data, "*.tmp", SearchOption.AllDirectories));
    }

    private static Task<(HttpStatusCode Status, JsonElement Body)> DrawAsync(ServerProcess server) =>
        server.GenerateAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"256x256","steps":2}""");

    private static void Fill(string path)
    {
        var block = new byte[4096];
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
