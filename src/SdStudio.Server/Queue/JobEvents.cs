using System.Text.Json;
using SdStudio.Server.Events;

namespace SdStudio.Server.Queue;

/// <summary>Publishes what happens to jobs, to those who may know of them.</summary>
internal sealed class JobEvents(IEventLog log, JobTelemetry telemetry, TimeProvider time)
{
    // Faster than people see, slower than what costs an image its time.
    private const long ProgressEveryMs = 250;

    /// <summary>Whether anybody looks at images as they grow.</summary>
    public bool PreviewsAreWatched => log.HasListeners(EventChannel.Previews);

    public void Created(Job job)
    {
        telemetry.Created(job);
        Tell([JobNews.Created(job)]);
    }

    /// <summary>A job has another status, or another place in line.</summary>
    /// <param name="job">How it stands.</param>
    /// <param name="images">What it had completed when it ended before its time; null for nothing.</param>
    public void Updated(Job job, IReadOnlyList<JobImage>? images = null)
    {
        telemetry.Changed(job, images?.Count ?? 0);
        Tell(JobNews.Updated(job, images));
    }

    public void Completed(Job job, IReadOnlyList<JobImage> images)
    {
        telemetry.Changed(job, images.Count);
        Tell(JobNews.Completed(job, images));
    }

    public void Progressed(RunningJob running)
    {
        telemetry.Reported(running);
        if (log.HasListeners(EventChannel.Queue) && running.MayTell(time.GetUtcNow().ToUnixTimeMilliseconds(), ProgressEveryMs))
            log.PublishLatest(EventChannel.Queue, "job_progress", running.Job.Id, running.Job.Owner, JobNews.Data(JobView.Of(running.Job, running)));
    }

    public void Previewed(RunningJob running, int step)
    {
        if (PreviewsAreWatched && running.Preview() is { } image)
        {
            log.PublishLatest(
                EventChannel.Previews, "job_preview", running.Job.Id, running.Job.Owner,
                JsonSerializer.SerializeToUtf8Bytes(
                    new PreviewView(running.Job.Id, step, "image/webp", Convert.ToBase64String(image)), JobJson.Readable.PreviewView));
        }
    }

    public void Paused(bool paused) => Tell([JobNews.Paused(paused)]);

    public void Deleted(DeletedJob job) => Tell([JobNews.Deleted(job)]);

    /// <summary>An image of a running job can be fetched.</summary>
    public void ImageCompleted(Job job, JobImage image) => Tell([JobNews.ImageCompleted(job.Owner, image)]);

    public void ImageDeleted(JobImage image, string owner) => Tell([JobNews.ImageDeleted(image, owner)]);

    /// <summary>An image has another star, rating, tag or board.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="image">How it is listed, as JSON.</param>
    public void ImageChanged(string owner, byte[] image) => log.Publish(EventChannel.Generations, "image_changed", owner, image);

    /// <summary>Images were brought from elsewhere: lists are not what they were.</summary>
    public void Imported(string owner, int count) => log.Publish(
        EventChannel.Generations, "images_imported", owner, JsonSerializer.SerializeToUtf8Bytes(new ImportedView(count), JobJson.Readable.ImportedView));

    private void Tell(IEnumerable<NewEvent> news)
    {
        if (log.ComesWithRows)
            return;
        foreach (NewEvent happened in news)
            log.Publish(happened.Channel, happened.Type, happened.Owner, happened.Data);
    }
}
