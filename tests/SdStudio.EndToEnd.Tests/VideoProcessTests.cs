using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Videos in the real process, which is killed while it makes or writes one, and jobs that are cancelled at both ends of the work.</summary>
public sealed class VideoProcessTests : IDisposable
{
    private readonly string _data = ServerProcess.NewFolder();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // Beside the data: what the server makes there is looked at.
    private string Tools => _data + "-tools";

    private string HeldWrite => Path.Combine(Tools, "write");

    private string HeldLoad => Path.Combine(Tools, "load");

    private string HeldFfmpeg => Path.Combine(Tools, "program");

    public void Dispose()
    {
        Directory.Delete(_data, recursive: true);
        if (Directory.Exists(Tools))
            Directory.Delete(Tools, recursive: true);
    }

    [Fact]
    public async Task A_video_that_kill_9_cut_off_is_made_whole_after_the_next_start()
    {
        MovingModel.AddTo(_data, "moving");
        string job;
        using (ServerProcess server = await ServerProcess.StartAsync(_data))
        {
            using var request = new StringContent("""{"model":"moving","prompt":"a red circle","size":"64x32","frames":17,"fps":16,"steps":60,"seed":7,"format":"apng"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage queued = await server.Client.PostAsync(new Uri("/api/queue/video", UriKind.Relative), request, Cancellation);
            job = (await queued.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation)).GetProperty("job_id").GetString()!;
            while ((await JobAsync(server, job)).GetProperty("step").ValueKind == JsonValueKind.Null)
                await Task.Delay(10, Cancellation);
            await server.SignalAsync("KILL");
        }

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_data, "images"), "*.png"));
        using ServerProcess second = await ServerProcess.StartAsync(_data);
        JsonElement ended;
        while ((ended = await JobAsync(second, job)).GetProperty("status").GetString() is "pending" or "processing")
            await Task.Delay(20, Cancellation);

        Assert.Equal("completed", ended.GetProperty("status").GetString());
        byte[] file = await second.Client.GetByteArrayAsync(new Uri(ended.GetProperty("images")[0].GetProperty("url").GetString()!, UriKind.Relative), Cancellation);
        // The end of a PNG, and the control of each frame.
        Assert.Equal("IEND"u8, file.AsSpan(file.Length - 8, 4));
        Assert.Equal(17, System.Text.RegularExpressions.Regex.Count(Encoding.Latin1.GetString(file), "fcTL"));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_data, "images")));
    }

    [Fact]
    public async Task A_video_is_whole_or_absent_whatever_kill_9_cuts_off_while_it_is_written()
    {
        await PrepareAsync();
        File.WriteAllText(HeldWrite, "die");
        string webp, mp4;
        using (ServerProcess server = await StartAsync())
        {
            webp = await QueueAsync(server, "webp");
            Assert.NotEqual(0, await server.WaitForExitAsync());
        }

        Assert.False(File.Exists(HeldWrite), "nothing was written");
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_data, "images")), file => file.EndsWith(".tmp", StringComparison.Ordinal));
        File.WriteAllText(HeldFfmpeg, "");
        using (ServerProcess server = await StartAsync())
        {
            await EndedAsync(server, webp, "completed");
            mp4 = await QueueAsync(server, "mp4");
            await ThereAsync(HeldFfmpeg + ".held");
            await server.SignalAsync("KILL");
        }

        Assert.Contains(Directory.EnumerateFiles(Path.Combine(_data, "unfinished"), "*", SearchOption.AllDirectories), file => File.ReadAllText(file) == "half\n");
        File.Delete(HeldFfmpeg);
        using ServerProcess last = await StartAsync();
        foreach ((string job, string extension) in new[] { (webp, ".webp"), (mp4, ".mp4") })
        {
            JsonElement video = (await EndedAsync(last, job, "completed")).GetProperty("images")[0];
            Assert.EndsWith(extension, Assert.Single(Directory.EnumerateFiles(Path.Combine(_data, "images"), video.GetProperty("id").GetString() + "*")), StringComparison.Ordinal);
            // Every frame is read for it.
            using HttpResponseMessage sheet = await last.Client.GetAsync(new Uri($"/api/images/{video.GetProperty("id").GetString()}/sheet", UriKind.Relative), Cancellation);
            Assert.Equal(System.Net.HttpStatusCode.OK, sheet.StatusCode);
        }

        Assert.Equal(2, Directory.EnumerateFiles(Path.Combine(_data, "images"), "*", SearchOption.AllDirectories).Count());
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_data, "unfinished"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_video_that_is_cancelled_while_its_model_is_loaded_or_its_file_written_leaves_nothing()
    {
        await PrepareAsync();
        File.WriteAllText(HeldLoad, "");
        using ServerProcess server = await StartAsync(("SDCPP_NATIVE_DIRECTORY", Tools));
        // The load goes on behind its back.
        string loading = await QueueAsync(server, "webp");
        await ThereAsync(HeldLoad + ".held");
        Assert.Equal("load", (await JobAsync(server, loading)).GetProperty("phase").GetString());
        await CancelAsync(server, loading);
        await EndedAsync(server, loading, "cancelled");
        File.Delete(HeldLoad);

        File.WriteAllText(HeldFfmpeg, "");
        string written = await QueueAsync(server, "mp4");
        await ThereAsync(HeldFfmpeg + ".held");
        int program = int.Parse((await File.ReadAllTextAsync(HeldFfmpeg + ".held", Cancellation)).Trim(), System.Globalization.CultureInfo.InvariantCulture);
        await CancelAsync(server, written);
        await EndedAsync(server, written, "cancelled");
        Assert.False(Directory.Exists($"/proc/{program}"), "the program runs on");
        File.Delete(HeldFfmpeg);

        File.WriteAllText(HeldWrite, "hold");
        string own = await QueueAsync(server, "webp");
        await ThereAsync(HeldWrite + ".held");
        await CancelAsync(server, own);
        File.Delete(HeldWrite);
        await EndedAsync(server, own, "cancelled");

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_data, "images"), "*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_data, "unfinished"), "*", SearchOption.AllDirectories));
        await EndedAsync(server, await QueueAsync(server, "webp"), "completed");
    }

    private async Task PrepareAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "shared libraries before others, and shell scripts");
        Assert.SkipWhen(!File.Exists("/usr/bin/ffmpeg") && DebianPackages.Install("ffmpeg") is not null && !File.Exists("/usr/bin/ffmpeg"), "ffmpeg cannot be installed");
        MovingModel.AddTo(_data, "moving");
        Directory.CreateDirectory(Tools);
        string folder = Path.Combine(ServerProcess.Repository, "tests", "SdStudio.EndToEnd.Tests");
        string native = Path.Combine(Path.GetDirectoryName(ServerProcess.ServerProgram)!, "runtimes", "linux-x64", "native");
        await CompileAsync(Path.Combine(folder, "held_write.c"), Path.Combine(Tools, "held_write.so"), "-w");
        await CompileAsync(
            Path.Combine(folder, "held_load.c"), Path.Combine(Tools, "libsdcpp.so"), "-I", Path.Combine(ServerProcess.Repository, "native", "include"),
            "-Wl,--no-as-needed", Path.Combine(native, "libsdcpp.so"), $"-Wl,-rpath,{native}");
        // Once it was told to, it writes half of something and waits for the server's end, or its own.
        string program = Path.Combine(Tools, "ffmpeg");
        await File.WriteAllTextAsync(
            program,
            $"""
            #!/bin/sh
            if [ -e '{HeldFfmpeg}' ]; then
              case "$*" in *-encoders*) exec ffmpeg "$@";; esac
              for file; do :; done
              echo half > "$file"
              echo $$ > '{HeldFfmpeg}.made'
              mv '{HeldFfmpeg}.made' '{HeldFfmpeg}.held'
              while kill -0 $PPID; do sleep 0.1; done
              exit 1
            fi
            exec ffmpeg "$@"

            """,
            Cancellation);
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static async Task CompileAsync(string source, string library, params string[] more)
    {
        using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, .. more, "-ldl"]);
        await compiler.WaitForExitAsync(Cancellation);
        Assert.Equal(0, compiler.ExitCode);
    }

    private Task<ServerProcess> StartAsync(params (string, string)[] more) => ServerProcess.StartAsync(
        _data,
        [("LD_PRELOAD", Path.Combine(Tools, "held_write.so")), ("SDSTUDIO_HELD_WRITE", HeldWrite), ("SDSTUDIO_HELD_LOAD", HeldLoad), ("SdStudio__Images__Ffmpeg", Path.Combine(Tools, "ffmpeg")), .. more]);

    private static async Task<string> QueueAsync(ServerProcess server, string format)
    {
        using var request = new StringContent(
            $$"""{"model":"moving","prompt":"a red circle","size":"64x32","frames":5,"fps":16,"steps":2,"seed":7,"format":"{{format}}"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage queued = await server.Client.PostAsync(new Uri("/api/queue/video", UriKind.Relative), request, Cancellation);
        JsonElement body = await queued.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
        Assert.True(queued.IsSuccessStatusCode, body.ToString());
        return body.GetProperty("job_id").GetString()!;
    }

    private static async Task CancelAsync(ServerProcess server, string job)
    {
        using HttpResponseMessage answer = await server.Client.DeleteAsync(new Uri($"/api/queue/{job}", UriKind.Relative), Cancellation);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<JsonElement> EndedAsync(ServerProcess server, string job, string how)
    {
        JsonElement ended;
        while ((ended = await JobAsync(server, job)).GetProperty("status").GetString() is "pending" or "processing")
            await Task.Delay(20, Cancellation);
        Assert.True(ended.GetProperty("status").GetString() == how, ended.ToString());
        return ended;
    }

    private static async Task ThereAsync(string file)
    {
        while (!File.Exists(file))
            await Task.Delay(10, Cancellation);
    }

    private static Task<JsonElement> JobAsync(ServerProcess server, string id) => server.Client.GetFromJsonAsync(new Uri($"/api/queue/{id}", UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
}
