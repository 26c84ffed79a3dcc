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
        Assert.Equal(HttpStatusCode.OK, (await GenerateAsync(server)).Status);
        string filler = Path.Combine(_data, "filler");
        Fill(filler);

        for (int i = 0; i < 3; i++)
        {
            (HttpStatusCode status, JsonElement body) = await GenerateAsync(server);
            Assert.True(status == HttpStatusCode.InsufficientStorage, $"{status}: {body}");
            Assert.Contains("disk", body.ToString(), StringComparison.Ordinal);
        }

        using (HttpResponseMessage health = await server.Client.GetAsync(new Uri("/api/health", UriKind.Relative), Cancellation))
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        File.Delete(filler);
        Assert.Equal(HttpStatusCode.OK, (await GenerateAsync(server)).Status);
        Assert.Empty(Directory.GetFiles(_data, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Every_surface_that_writes_says_that_the_disk_is_full_and_nothing_else()
    {
        _mounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", _data) == 0;
        Assert.SkipUnless(_mounted, "No file system may be mounted here: it takes root.");
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        (_, JsonElement generated) = await GenerateAsync(server);
        string id = generated.GetProperty("id").GetString()!, image = generated.GetProperty("data")[0].GetProperty("id").GetString()!;
        byte[] png = await server.Client.GetByteArrayAsync(new Uri($"/api/images/{image}", UriKind.Relative), Cancellation);
        string base64 = Convert.ToBase64String(png);
        string filler = Path.Combine(_data, "filler");
        Fill(filler);

        const string Job = "\"model\":\"demo\",\"prompt\":\"a red circle\",\"size\":\"256x256\",\"steps\":1";
        (string Path, string Json)[] requests =
        [
            ("/api/generate", $"{{{Job}}}"), ("/api/edit", $"{{{Job},\"image\":\"{base64}\"}}"), ("/api/variation", $"{{{Job},\"source_image_id\":\"{image}\"}}"),
            ("/api/upscale", $"{{\"image\":\"{base64}\",\"upscaler\":\"Lanczos\"}}"), ("/api/queue/edit", $"{{{Job},\"image\":\"{base64}\"}}"),
            ("/api/queue/upscale", $"{{\"image\":\"{base64}\",\"upscaler\":\"Lanczos\"}}"), ($"/api/images/{image}/reproduce", "{}"),
            ("/v1/images/generations", $"{{{Job}}}"), ("/v1/images/edits", $"{{{Job},\"image\":\"{base64}\"}}"),
            ("/sdapi/v1/txt2img", "{\"prompt\":\"a\",\"width\":256,\"height\":256,\"steps\":1}"),
            ("/sdapi/v1/img2img", $"{{\"prompt\":\"a\",\"width\":256,\"height\":256,\"steps\":1,\"init_images\":[\"{base64}\"]}}"),
            ("/sdapi/v1/extra-single-image", $"{{\"image\":\"{base64}\",\"upscaler_1\":\"Lanczos\",\"upscaling_resize\":2}}"),
            ("/sdapi/v1/options", $"{{\"something\":\"{new string('x', 100_000)}\"}}"),
        ];
        foreach ((string path, string json) in requests)
        {
            using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await server.Client.PostAsync(new Uri(path, UriKind.Relative), content, Cancellation);
            string said = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True(response.StatusCode == HttpStatusCode.InsufficientStorage, $"{path}: {response.StatusCode} {said}");
            Assert.Contains("disk", said, StringComparison.Ordinal);
            Assert.DoesNotContain(_data, said, StringComparison.Ordinal);
        }

        using (HttpResponseMessage thumbnail = await server.Client.GetAsync(new Uri($"/api/images/{image}/thumbnail?size=512", UriKind.Relative), Cancellation))
            Assert.Equal(HttpStatusCode.InsufficientStorage, thumbnail.StatusCode);
        // What is there can be looked at, and what helps is possible.
        using (HttpResponseMessage whole = await server.Client.GetAsync(new Uri($"/api/images/{image}?format=webp", UriKind.Relative), Cancellation))
            Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        using (HttpResponseMessage deleted = await server.Client.DeleteAsync(new Uri($"/api/generations/{id}", UriKind.Relative), Cancellation))
            Assert.True(deleted.StatusCode is HttpStatusCode.OK, await deleted.Content.ReadAsStringAsync(Cancellation));
        File.Delete(filler);
        Assert.Equal(HttpStatusCode.OK, (await GenerateAsync(server)).Status);
        Assert.Empty(Directory.GetFiles(_data, "*.tmp", SearchOption.AllDirectories));
    }

    /// <summary>What a limit of the process does (<c>ulimit -f</c>, LimitFSIZE): the system sends a signal that ends a process which does not expect it.</summary>
    [Fact]
    public async Task A_limit_of_a_files_size_is_a_full_disk()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "prlimit is Linux's.");
        using ServerProcess server = await ServerProcess.StartAsync(_data);
        (_, JsonElement generated) = await GenerateAsync(server);
        byte[] image = await server.Client.GetByteArrayAsync(new Uri($"/api/images/{generated.GetProperty("data")[0].GetProperty("id").GetString()}", UriKind.Relative), Cancellation);
        long largest = Directory.GetFiles(_data, "*.db*").Max(file => new FileInfo(file).Length);

        // Too small for the database, then for a file alone: what stands behind an image is kept with it.
        foreach (long limit in new[] { 4096, largest + (512 * 1024) })
        {
            Assert.Equal(0, Run("prlimit", "--pid", $"{server.Id}", $"--fsize={limit}:"));
            using var form = new MultipartFormDataContent
            {
                { new ByteArrayContent([.. image, .. new byte[limit]]), "image", "image.png" }, { new StringContent("Lanczos"), "upscaler" }, { new StringContent("2"), "upscale_factor" },
            };
            using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/api/upscale", UriKind.Relative), form, Cancellation);
            string said = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True(response.StatusCode == HttpStatusCode.InsufficientStorage, $"{limit}: {response.StatusCode}: {said}");
            Assert.Contains("disk", said, StringComparison.Ordinal);
        }

        (HttpStatusCode status, JsonElement body) = await GenerateAsync(server);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal(0, Run("prlimit", "--pid", $"{server.Id}", "--fsize=4096:"));
        (status, body) = await GenerateAsync(server);
        Assert.True(status == HttpStatusCode.InsufficientStorage, body.ToString());
        Assert.Equal(0, Run("prlimit", "--pid", $"{server.Id}", "--fsize=unlimited:"));
        Assert.Equal(HttpStatusCode.OK, (await GenerateAsync(server)).Status);
    }

    private static Task<(HttpStatusCode Status, JsonElement Body)> GenerateAsync(ServerProcess server) =>
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
