using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using NetVips;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Settings;
using SdStudio.Tests;

namespace SdStudio.Server.Tests.Videos;

/// <summary>Videos as files: what is written is what was asked for, other programs read it, and all of it comes back.</summary>
public sealed class VideoFilesTests : IDisposable
{
    private const string Infotext = "a red circle, café; = # \\ \nNegative prompt: fog\nSteps: 4, Sampler: Euler, Seed: 7, Frames: 17";
    private const string Id = "0199a5d2-0000-7000-8000-000000000001";
    private static readonly ImageTexts Texts = new(Infotext, "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia");
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-videos-").FullName;
    private readonly DataFolders _folders;

    public VideoFilesTests() => _folders = new DataFolders(Options.Create(new StudioOptions { DataDirectory = _folder }));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folders.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(VideoFormats.Webp, "RIFF", 0)]
    [InlineData(VideoFormats.Apng, "PNG", 1)]
    [InlineData(VideoFormats.Mp4, "ftyp", 4)]
    [InlineData(VideoFormats.Webm, "webm", 31)]
    public async Task Every_format_has_all_frames_their_time_the_settings_and_the_mark(string format, string mark, int at)
    {
        VideoFiles videos = await VideosAsync(format);
        using Clip clip = new(Clips.Moving());

        string file = Path.Combine(_folder, await videos.SaveAsync(Id, clip.Video, format, Texts, Cancellation));

        byte[] bytes = await File.ReadAllBytesAsync(file, Cancellation);
        Assert.InRange(System.Text.Encoding.Latin1.GetString(bytes).IndexOf(mark, StringComparison.Ordinal), at == 31 ? 4 : at, at == 31 ? 60 : at);
        ImageTexts read = ImageTexts.In(ImageDecoder.Texts(bytes, "video"));
        Assert.Equal(Texts.SourceType, read.SourceType);
        Assert.Equal(Infotext, read.Infotext);
        VideoSheet sheet = VideoSheet.All(Clips.Frames, 16, Clips.Width, Clips.Height);
        using Image all = Image.NewFromBuffer(await videos.SheetAsync(file, format, sheet, Cancellation));
        Assert.Equal((8 * Clips.Width, 3 * Clips.Height), (all.Width, all.Height));
        for (int frame = 0; frame < Clips.Frames; frame++)
            Assert.Equal(Clips.MiddleOf(frame), Clips.MiddleIn(all, frame, 8), tolerance: 1.0);
        Assert.Empty(Directory.EnumerateFiles(_folder, "*.tmp", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(VideoFormats.Apng)]
    [InlineData(VideoFormats.Mp4)]
    [InlineData(VideoFormats.Webm)]
    public async Task Another_program_sees_as_many_frames_and_as_many_seconds(string format)
    {
        VideoFiles videos = await VideosAsync(format);
        NeedFfmpeg();
        using Clip clip = new(Clips.Moving(fps: 12.5, audio: Clips.Tone(12.5)));

        string file = Path.Combine(_folder, await videos.SaveAsync(Id, clip.Video, format, Texts, Cancellation));

        JsonElement streams = await ProbeAsync(file);
        JsonElement video = streams.EnumerateArray().Single(stream => stream.GetProperty("codec_type").GetString() == "video");
        Assert.Equal(Clips.Frames.ToString(System.Globalization.CultureInfo.InvariantCulture), video.GetProperty("nb_read_frames").GetString());
        Assert.Equal((Clips.Width, Clips.Height), (video.GetProperty("width").GetInt32(), video.GetProperty("height").GetInt32()));
        Assert.Equal(format switch { VideoFormats.Mp4 => "h264", VideoFormats.Webm => "vp9", _ => "apng" }, video.GetProperty("codec_name").GetString());
        // PNG has no sound.
        Assert.Equal(format != VideoFormats.Apng, streams.EnumerateArray().Any(stream => stream.GetProperty("codec_type").GetString() == "audio"));
        if (format != VideoFormats.Apng)
            Assert.Equal("25/2", video.GetProperty("r_frame_rate").GetString());
    }

    [Fact]
    public async Task An_animated_WebP_is_as_long_as_its_frames_whatever_they_show()
    {
        VideoFiles videos = await VideosAsync(VideoFormats.Webp);
        using Clip clip = new(Clips.Moving(fps: 24));

        string file = Path.Combine(_folder, await videos.SaveAsync(Id, clip.Video, VideoFormats.Webp, Texts, Cancellation));

        using Image all = Image.NewFromFile(file, kwargs: new VOption { { "n", -1 } });
        Assert.Equal(VideoClip.BeginOf(Clips.Frames, 24), ((int[])all.Get("delay")).Sum());
        Assert.Equal(0, all.Get("loop"));
    }

    [Fact]
    public async Task An_animated_PNG_has_every_pixel_as_it_was()
    {
        VideoFiles videos = await VideosAsync(VideoFormats.Apng);
        using Clip clip = new(Clips.Moving());

        string file = Path.Combine(_folder, await videos.SaveAsync(Id, clip.Video, VideoFormats.Apng, Texts, Cancellation));

        List<byte[]> frames = [.. AnimatedPng.Read(await File.ReadAllBytesAsync(file, Cancellation))];
        Assert.Equal(Clips.Frames, frames.Count);
        foreach ((byte[] png, SdCpp.Interop.ImageBuffer frame) in frames.Zip(clip.Video.Frames))
        {
            using Image read = Image.NewFromBuffer(png);
            Assert.Equal(frame.Span.ToArray(), read.WriteToMemory<byte>());
        }
    }

    [Theory]
    [InlineData(VideoFormats.Webp)]
    [InlineData(VideoFormats.Apng)]
    [InlineData(VideoFormats.Mp4)]
    [InlineData(VideoFormats.Webm)]
    public async Task A_copy_without_settings_has_the_same_frames(string format)
    {
        VideoFiles videos = await VideosAsync(format);
        using Clip clip = new(Clips.Moving());
        string file = Path.Combine(_folder, await videos.SaveAsync(Id, clip.Video, format, Texts, Cancellation));

        byte[] bare = await videos.WithoutInfotextAsync(file, format, Cancellation);

        Assert.DoesNotContain("red circle", System.Text.Encoding.UTF8.GetString(bare), StringComparison.Ordinal);
        ImageTexts read = ImageTexts.In(ImageDecoder.Texts(bare, "video"));
        Assert.Null(read.Infotext);
        // ffmpeg copies no single tag: a WebM without its settings is one without its mark.
        Assert.Equal(format == VideoFormats.Webm ? null : Texts.SourceType, read.SourceType);
        string copy = Path.Combine(_folder, "copy");
        await File.WriteAllBytesAsync(copy, bare, Cancellation);
        VideoSheet sheet = VideoSheet.All(Clips.Frames, 16, Clips.Width, Clips.Height);
        Assert.Equal(await videos.SheetAsync(file, format, sheet, Cancellation), await videos.SheetAsync(copy, format, sheet, Cancellation));
    }

    [Fact]
    public async Task Without_ffmpeg_there_are_the_formats_that_need_none()
    {
        Ffmpeg none = Ffmpeg("none");
        Assert.Equal([VideoFormats.Webp, VideoFormats.Apng], await none.ReadyAsync(Cancellation));
        Ffmpeg missing = Ffmpeg(Path.Combine(_folder, "not-there"));
        Assert.Equal([VideoFormats.Webp, VideoFormats.Apng], await missing.ReadyAsync(Cancellation));
    }

    [Fact]
    public async Task What_ffmpeg_says_last_is_why_a_video_could_not_be_written()
    {
        VideoFiles videos = await ScriptedAsync("echo 'first line' >&2; echo 'no space left for /secret/folder/x' >&2; exit 69");
        using Clip clip = new(Clips.Moving());

        VideoException failed = await Assert.ThrowsAsync<VideoException>(() => videos.SaveAsync(Id, clip.Video, VideoFormats.Mp4, Texts, Cancellation));

        Assert.Equal("ffmpeg ended with 69: no space left for the file", failed.Message);
        Assert.Empty(Directory.EnumerateFiles(_folders.Images));
    }

    [Fact]
    public async Task A_full_disk_is_one_although_ffmpeg_ends_as_if_all_were_well()
    {
        VideoFiles videos = await ScriptedAsync("cat > /dev/null; echo 'Error closing file: No space left on device' >&2; exit 0");
        using Clip clip = new(Clips.Moving());

        StorageUnavailableException full = await Assert.ThrowsAsync<StorageUnavailableException>(() => videos.SaveAsync(Id, clip.Video, VideoFormats.Mp4, Texts, Cancellation));

        Assert.Equal(StorageProblem.Full, full.Problem);
        Assert.Empty(Directory.EnumerateFiles(_folders.Images));
    }

    [Fact]
    public async Task A_cancel_ends_ffmpeg_and_leaves_nothing()
    {
        string pid = Path.Combine(_folder, "pid");
        VideoFiles videos = await ScriptedAsync($"echo $$ > {pid}.new; mv {pid}.new {pid}; while true; do sleep 1; done");
        using Clip clip = new(Clips.Moving());
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        Task saving = videos.SaveAsync(Id, clip.Video, VideoFormats.Webm, Texts, cancel.Token);
        while (!File.Exists(pid))
            await Task.Delay(10, Cancellation);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => saving);
        Assert.False(Directory.Exists($"/proc/{(await File.ReadAllTextAsync(pid, Cancellation)).Trim()}"));
        Assert.Empty(Directory.EnumerateFiles(_folders.Images));
    }

    [Theory]
    [InlineData(VideoFormats.Mp4)]
    [InlineData(VideoFormats.Webm)]
    public async Task Damaged_videos_are_read_as_far_as_they_go(string format)
    {
        VideoFiles videos = await VideosAsync(format);
        using Clip clip = new(Clips.Moving());
        byte[] file = await File.ReadAllBytesAsync(Path.Combine(_folder, await videos.SaveAsync(Id, clip.Video, format, Texts, Cancellation)), Cancellation);
        var random = new Random(25);

        for (int round = 0; round < 3000; round++)
        {
            byte[] damaged = file[..random.Next(13, file.Length + 1)];
            for (int change = 0; change < 8; change++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Assert.True(VideoTexts.Read(damaged).Count <= 16);
        }
    }

    private static void NeedFfmpeg() => Assert.SkipWhen(!File.Exists("/usr/bin/ffmpeg") && DebianPackages.Install("ffmpeg") is { } && !File.Exists("/usr/bin/ffmpeg"), "ffmpeg cannot be installed");

    private async Task<VideoFiles> VideosAsync(string format)
    {
        if (!VideoFormats.Own.Contains(format))
            NeedFfmpeg();
        Ffmpeg ffmpeg = Ffmpeg("");
        Assert.Contains(format, await ffmpeg.ReadyAsync(Cancellation));
        return new VideoFiles(new FolderBlobs(_folders), ffmpeg, _folders);
    }

    // It answers what it can write, and then does what the test is about.
    private async Task<VideoFiles> ScriptedAsync(string then)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "shell scripts");
        string program = Path.Combine(_folder, "ffmpeg");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\ncase \"$*\" in *-encoders*) echo ' V....D libx264  x'; echo ' V....D libvpx-vp9  x'; exit 0;; esac\n{then}\n", Cancellation);
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Ffmpeg ffmpeg = Ffmpeg(program);
        Assert.Equal(VideoFormats.All, await ffmpeg.ReadyAsync(Cancellation));
        return new VideoFiles(new FolderBlobs(_folders), ffmpeg, _folders);
    }

    private static Ffmpeg Ffmpeg(string program)
    {
        var ffmpeg = new Ffmpeg(Options.Create(new StudioOptions { Images = new ImageOptions { Ffmpeg = program } }), NullLogger<Ffmpeg>.Instance);
        _ = ffmpeg.StartAsync(Cancellation);
        return ffmpeg;
    }

    private static async Task<JsonElement> ProbeAsync(string file)
    {
        using var probe = Process.Start(new ProcessStartInfo("ffprobe", ["-v", "error", "-count_frames", "-show_streams", "-of", "json", file]) { RedirectStandardOutput = true })!;
        using JsonDocument said = JsonDocument.Parse(await probe.StandardOutput.ReadToEndAsync(Cancellation));
        await probe.WaitForExitAsync(Cancellation);
        return said.RootElement.GetProperty("streams").Clone();
    }

    private sealed record Clip(VideoClip Video) : IDisposable
    {
        public void Dispose()
        {
            foreach (SdCpp.Interop.ImageBuffer frame in Video.Frames)
                frame.Dispose();
        }
    }
}
