using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>Writes a job's images.</summary>
internal sealed partial class ImageSaver(
    ImageFiles images, IJobStore store, JobEvents events, JobTelemetry telemetry, IOptions<StudioOptions> options, ILogger<ImageSaver> logger)
{
    /// <summary>
    /// Writes an image, lists it and announces it: from now on it stays, however the job ends. The one that completes its job is listed
    /// together with the job's end, which is one wait for the disk less. A cancel comes too late for it, unless it has to wait for a database.
    /// </summary>
    public async Task<JobImage> SaveAsync(JobContext job, int index, ImageBuffer pixels, GenerationSettings settings, long seed, CancellationToken cancellation)
    {
        telemetry.Saves(job.Running.Job, index);
        string id = ImageId.Of(job.Id, index);
        GenerationSettings? own = job.Running.Job.Settings.Grid is not null ? settings with { Seed = seed } : settings.Variants is null ? null : settings.ForImage(index);
        settings = own ?? settings;
        string? infotext = settings.Infotext ?? options.Value.Images.Infotext ? Infotext.Of(settings, seed) : null;
        ImageTexts texts = ImageTexts.Of(settings, infotext, options.Value.Images.Mark);
        string path = await BusyStorage.RetriedAsync(() => images.SaveAsync(images.FileIdOf(id, job.Running.Lease.Claim), pixels, texts, CancellationToken.None), reason => LogNotWritten(id, reason), cancellation).ConfigureAwait(false);
        telemetry.Saved(job.Running.Job, index);
        var image = new JobImage(id, job.Id, index, path, "image/png", pixels.Width, pixels.Height, seed) { Settings = own, Device = job.Device };
        if (job.Running.Images.Count + 1 >= job.Running.Job.Settings.Count)
            return image;
        try
        {
            if (await store.AddImageAsync(job.Running.Lease, image, CancellationToken.None).ConfigureAwait(false))
            {
                job.Running.Add(image);
                events.ImageCompleted(job.Running.Job, image);
            }
        }
        catch (StorageUnavailableException exception)
        {
            // The end of the job lists it too, and waits for the database.
            LogNotListed(job.Id, exception.Message);
        }

        return image;
    }

    /// <summary>The indices of the images that no earlier try has completed.</summary>
    public async ValueTask<List<int>> MissingOfAsync(JobContext job, CancellationToken cancellation)
    {
        List<int> missing = [.. Enumerable.Range(0, job.Settings.Count)];
        foreach (JobImage image in job.Running.Images)
        {
            if (await images.FindAsync(image.FilePath, cancellation).ConfigureAwait(false) is not null)
                missing.Remove(image.Index);
        }

        return missing;
    }

    /// <summary>An input image as it was sent.</summary>
    public async Task<ImageBuffer> ReadInputAsync(string relative, CancellationToken cancellation) =>
        ImageDecoder.Read(await images.BytesAsync(relative, cancellation).ConfigureAwait(false), "the job's input", ImageBuffer.MaxPixels);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An image of job {Job} is not listed yet: {Reason}")]
    private partial void LogNotListed(string job, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The image {Image} is not written yet: {Reason}")]
    private partial void LogNotWritten(string image, string reason);
}
