using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Images.Videos;

/// <summary>The program ffmpeg, where there is one: it writes and reads MP4 and WebM. What it can write is asked once, at the start.</summary>
internal sealed partial class Ffmpeg(IOptions<StudioOptions> options, ILogger<Ffmpeg> logger) : IHostedService
{
    private const string None = "none";
    private const string NoSpace = "No space left on device";
    private const string NotWritten = "Error writing trailer";
    private const int MaxSaid = 4000;
    private static readonly TimeSpan AskedFor = TimeSpan.FromSeconds(30);

    // The best first: what a build has differs by its licence and its system.
    private static readonly Dictionary<string, string[]> Encoders = new(StringComparer.Ordinal)
    {
        [VideoFormats.Mp4] = ["libx264", "libopenh264", "h264_videotoolbox", "h264_mf"], [VideoFormats.Webm] = ["libvpx-vp9", "libvpx"],
        ["aac"] = ["aac"], ["opus"] = ["libopus", "libvorbis"],
    };

    private readonly TaskCompletionSource<Dictionary<string, string>> _encoders = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string Program => options.Value.Images.Ffmpeg is { Length: > 0 } named ? named : "ffmpeg";

    /// <summary>The formats of videos that can be written here; while ffmpeg is being asked, those that need no other program.</summary>
    public IReadOnlyList<string> Formats => _encoders.Task.IsCompletedSuccessfully ? FormatsOf(_encoders.Task.Result) : VideoFormats.Own;

    /// <summary>The same when that is known.</summary>
    public async Task<IReadOnlyList<string>> ReadyAsync(CancellationToken cancellation) => FormatsOf(await _encoders.Task.WaitAsync(cancellation).ConfigureAwait(false));

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Nothing waits for it but who asks for a format of its; however it ends, those hear of it.
        _ = Task.Run(AskAsync, CancellationToken.None).ContinueWith(_encoders.SetFromTask, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Writes a video.</summary>
    /// <param name="clip">Its frames and its sound.</param>
    /// <param name="format">mp4 or webm.</param>
    /// <param name="file">Where; files with more endings are written beside it and removed.</param>
    /// <param name="tags">Texts by their names.</param>
    /// <param name="cancellation">Ends the program.</param>
    /// <exception cref="VideoException">It could not be written; the message says what ffmpeg said.</exception>
    public async Task WriteAsync(VideoClip clip, string format, string file, IReadOnlyDictionary<string, string> tags, CancellationToken cancellation)
    {
        (string notes, string sound) = ($"{file}.txt", $"{file}.wav");
        try
        {
            await File.WriteAllTextAsync(notes, Metadata(tags), cancellation).ConfigureAwait(false);
            if (clip.Audio is { } audio)
                await WaveFile.WriteAsync(sound, audio, cancellation).ConfigureAwait(false);
            Dictionary<string, string> encoders = await _encoders.Task.WaitAsync(cancellation).ConfigureAwait(false);
            await RunAsync(
                Arguments(clip, format, file, notes, clip.Audio is null ? null : sound, encoders),
                async input =>
                {
                    foreach (SdCpp.Interop.ImageBuffer frame in clip.Frames)
                        await input.WriteAsync(frame.Memory, cancellation).ConfigureAwait(false);
                },
                output: null, cancellation).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(notes);
            File.Delete(sound);
        }
    }

    /// <summary>Reads the frames of a video, each scaled to one size, as RGB.</summary>
    /// <param name="file">The video.</param>
    /// <param name="width">Of each, pixels.</param>
    /// <param name="height">Of each, pixels.</param>
    /// <param name="frame">Called with each frame as it comes; the bytes are used again for the next.</param>
    /// <param name="cancellation">Ends the program.</param>
    /// <exception cref="VideoException">It cannot be read.</exception>
    public Task ReadAsync(string file, int width, int height, Action<byte[]> frame, CancellationToken cancellation) => RunAsync(
        ["-i", file, "-an", "-vf", string.Create(CultureInfo.InvariantCulture, $"scale={width}:{height}"), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
        input: null,
        async output =>
        {
            var bytes = new byte[width * height * 3];
            while (await output.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false) == bytes.Length)
                frame(bytes);
        },
        cancellation);

    /// <summary>A copy of a video without its texts; sound and frames are the same, to the byte.</summary>
    /// <param name="file">The video.</param>
    /// <param name="copy">Where the copy is made; it is removed.</param>
    /// <param name="format">mp4 or webm.</param>
    /// <param name="cancellation">Ends the program.</param>
    /// <exception cref="VideoException">It cannot be read.</exception>
    public async Task<byte[]> WithoutTextsAsync(string file, string copy, string format, CancellationToken cancellation)
    {
        try
        {
            await RunAsync(["-i", file, "-map", "0", "-map_metadata", "-1", "-c", "copy", .. Placed(format), copy], input: null, output: null, cancellation).ConfigureAwait(false);
            return await File.ReadAllBytesAsync(copy, cancellation).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private static List<string> Arguments(VideoClip clip, string format, string file, string notes, string? sound, Dictionary<string, string> encoders)
    {
        string size = string.Create(CultureInfo.InvariantCulture, $"{clip.Width}x{clip.Height}"), fps = clip.Fps.ToString(CultureInfo.InvariantCulture);
        List<string> arguments = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", size, "-framerate", fps, "-i", "pipe:0", "-f", "ffmetadata", "-i", notes];
        if (sound is not null)
            arguments.AddRange(["-f", "wav", "-i", sound, "-map", "2:a", "-c:a", encoders[format == VideoFormats.Mp4 ? "aac" : "opus"]]);
        string encoder = encoders[format];
        arguments.AddRange(["-map", "0:v", "-map_metadata", "1", "-c:v", encoder, "-pix_fmt", "yuv420p"]);
        // Half as many colours as pixels a side: an odd side gets one more.
        arguments.AddRange(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]);
        arguments.AddRange(encoder switch
        {
            "libx264" => ["-preset", "medium", "-crf", "17"],
            "libvpx-vp9" => ["-crf", "24", "-b:v", "0", "-row-mt", "1", "-cpu-used", "3"],
            _ => ["-b:v", "8M"],
        });
        // The same frames give the same file: without numbers of chance, and the time.
        arguments.AddRange(["-fflags", "+bitexact", .. Placed(format), file]);
        return arguments;
    }

    // MP4 begins with what players look for first.
    private static IEnumerable<string> Placed(string format) => format == VideoFormats.Mp4 ? ["-movflags", "+faststart", "-f", "mp4"] : ["-f", "webm"];

    private static string Metadata(IReadOnlyDictionary<string, string> tags)
    {
        var text = new StringBuilder(";FFMETADATA1\n");
        foreach ((string name, string value) in tags)
            text.Append(name).Append('=').Append(Special().Replace(value.Replace("\r\n", "\n", StringComparison.Ordinal), @"\$0")).Append('\n');
        return text.ToString();
    }

    private static IReadOnlyList<string> FormatsOf(Dictionary<string, string> encoders) => [.. VideoFormats.Own, .. VideoFormats.All.Where(encoders.ContainsKey)];

    private async Task<Dictionary<string, string>> AskAsync()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Program.Equals(None, StringComparison.OrdinalIgnoreCase))
            return found;
        try
        {
            using var limit = new CancellationTokenSource(AskedFor);
            var said = new StringBuilder();
            await RunAsync(["-encoders"], input: null, async output => said.Append(await new StreamReader(output).ReadToEndAsync(limit.Token).ConfigureAwait(false)), limit.Token).ConfigureAwait(false);
            HashSet<string> known = [.. EncoderLine().Matches(said.ToString()).Select(line => line.Groups[1].Value)];
            foreach ((string format, string[] encoders) in Encoders)
            {
                if (Array.Find(encoders, known.Contains) is { } encoder)
                    found[format] = encoder;
            }

            LogFound(Program, string.Join(", ", found.Values));
        }
        catch (Exception exception) when (exception is VideoException or OperationCanceledException)
        {
            // Only who has named one wants to know that it is not there.
            if (options.Value.Images.Ffmpeg.Length > 0)
                LogMissing(Program, exception.Message);
        }

        return found;
    }

    private async Task RunAsync(IReadOnlyList<string> arguments, Func<Stream, Task>? input, Func<Stream, Task>? output, CancellationToken cancellation)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(Program, ["-hide_banner", "-nostdin", "-loglevel", "error", "-y", .. arguments])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            throw new VideoException($"ffmpeg cannot be started: {exception.Message}", exception);
        }

        using CancellationTokenRegistration killing = cancellation.Register(() => Kill(process));
        Task<string> said = LastOfAsync(process.StandardError);
        Task read = output is null ? process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None) : output(process.StandardOutput.BaseStream);
        bool isWhole = await WrittenAsync(process.StandardInput.BaseStream, input).ConfigureAwait(false);
        await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        string words = await said.ConfigureAwait(false);
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        // What it could not write at the end of a file it says, and ends as if all were well.
        bool isDiskFull = words.Contains(NoSpace, StringComparison.Ordinal);
        if (process.ExitCode != 0 || !isWhole || isDiskFull || words.Contains(NotWritten, StringComparison.Ordinal))
        {
            LogFailed(process.ExitCode, words);
            throw new VideoException(string.Create(CultureInfo.InvariantCulture, $"ffmpeg ended with {process.ExitCode}: {LastLine(words)}")) { IsDiskFull = isDiskFull };
        }

        await read.ConfigureAwait(false);
    }

    // A program that has ended takes nothing more: why says its exit code.
    private static async Task<bool> WrittenAsync(Stream to, Func<Stream, Task>? input)
    {
        try
        {
            await using (to.ConfigureAwait(false))
            {
                if (input is not null)
                    await input(to).ConfigureAwait(false);
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<string> LastOfAsync(StreamReader errors)
    {
        var last = new StringBuilder();
        var some = new char[1024];
        while (await errors.ReadAsync(some).ConfigureAwait(false) is > 0 and int count)
        {
            last.Append(some, 0, count);
            if (last.Length > 2 * MaxSaid)
                last.Remove(0, last.Length - MaxSaid);
        }

        return last.ToString();
    }

    // Files of the server are named in it; where they lie is nobody's business.
    private static string LastLine(string words) =>
        PathInLine().Replace(words.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [.., { } last] ? last : "it said nothing", "the file");

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
        }
    }

    [GeneratedRegex(@"^ [VA][A-Z.]{5} (\S+)", RegexOptions.Multiline)]
    private static partial Regex EncoderLine();

    [GeneratedRegex(@"[=;#\\\n]")]
    private static partial Regex Special();

    [GeneratedRegex(@"(?:[A-Za-z]:\\|/)\S+")]
    private static partial Regex PathInLine();

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Program} writes videos with {Encoders}")]
    private partial void LogFound(string program, string encoders);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Program} (SdStudio:Images:Ffmpeg) cannot be used: {Reason}")]
    private partial void LogMissing(string program, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "ffmpeg ended with {Code}: {Words}")]
    private partial void LogFailed(int code, string words);
}

/// <summary>A video could not be written or read.</summary>
internal sealed class VideoException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether there was no room for it.</summary>
    public bool IsDiskFull { get; init; }
}
