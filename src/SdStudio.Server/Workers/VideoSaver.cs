using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>Reads the images of a video's job, and writes the video.</summary>
internal sealed partial class VideoSaver(ImageFiles images, VideoFiles videos, JobTelemetry telemetry, IOptions<StudioOptions> options, ILogger<VideoSaver> logger)
{
    /// <summary>Writes a video; it is listed together with the job's end.</summary>
    /// <returns>How it is listed. Its settings are its own: lists tell of its frames by them.</returns>
    /// <exception cref="SdException">It could not be written in the format that was asked for.</exception>
    public async Task<JobImage> SaveAsync(JobContext job, GeneratedVideo video, GenerationSettings settings, CancellationToken cancellation)
    {
        telemetry.Saves(job.Running.Job, 0);
        VideoSetting asked = settings.Video!;
        var clip = new VideoClip(video.Frames, video.Fps, video.Audio is { } audio ? new VideoAudio(audio.Samples, audio.Channels, audio.SampleRate) : null);
        settings = settings with { Video = asked with { HasSound = clip.Audio is not null && !VideoFormats.Own.Contains(asked.Format) } };
        string id = ImageId.Of(job.Id, 0);
        string? infotext = settings.Infotext ?? options.Value.Images.Infotext ? Infotext.Of(settings, video.Seed) : null;
        try
        {
            ImageTexts texts = ImageTexts.Of(settings, infotext, options.Value.Images.Mark);
            string path = await BusyStorage.RetriedAsync(
                async () => await videos.SaveAsync(images.FileIdOf(id, job.Running.Lease.Claim), clip, asked.Format, texts, cancellation).ConfigureAwait(false), reason => LogNotWritten(id, reason), cancellation).ConfigureAwait(false);
            // Whoever cancels while it is written does not want it; a file that no row names is removed.
            job.Running.Cancelled.ThrowIfCancellationRequested();
            telemetry.Saved(job.Running.Job, 0);
            return new JobImage(id, job.Id, 0, path, VideoFormats.MimeTypeOf(asked.Format), clip.Width, clip.Height, video.Seed) { Settings = settings with { Seed = video.Seed }, Device = job.Device };
        }
        catch (VideoException exception)
        {
            throw new SdException(SdError.GenerationFailed, $"The video was made and could not be written as {asked.Format}: {exception.Message}", exception);
        }
    }

    /// <summary>The images of a job in the size of its video.</summary>
    public async Task<VideoInputs> InputsAsync(GenerationSettings settings, CancellationToken cancellation)
    {
        var inputs = new VideoInputs();
        try
        {
            inputs.Start = await SizedAsync(settings.InputImage, settings, cancellation).ConfigureAwait(false);
            inputs.End = await SizedAsync(settings.Video!.EndImage, settings, cancellation).ConfigureAwait(false);
            if (settings.Video.ControlFrames is { } frames)
                inputs.Frames.AddRange(AnimatedPng.Read(await images.BytesAsync(frames, cancellation).ConfigureAwait(false)).Select(Decoded));
            return inputs;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    private async Task<ImageBuffer?> SizedAsync(string? relative, GenerationSettings settings, CancellationToken cancellation)
    {
        if (relative is null)
            return null;
        using ImageBuffer sent = Decoded(await images.BytesAsync(relative, cancellation).ConfigureAwait(false));
        return ImageDecoder.Cover(sent, settings.Width, settings.Height);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The video {Video} is not written yet: {Reason}")]
    private partial void LogNotWritten(string video, string reason);

    private static ImageBuffer Decoded(byte[] bytes) => ImageDecoder.Read(bytes, "the job's input", ImageBuffer.MaxPixels);
}

/// <summary>What a video begins and ends with, and what its frames follow.</summary>
internal sealed class VideoInputs : IDisposable
{
    public ImageBuffer? Start { get; set; }

    public ImageBuffer? End { get; set; }

    public List<ImageBuffer> Frames { get; } = [];

    public void Dispose()
    {
        Start?.Dispose();
        End?.Dispose();
        Frames.ForEach(frame => frame.Dispose());
    }
}
