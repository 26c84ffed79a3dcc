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
        Publish(job, "job_created");
    }

    /// <summary>A job has another status, or another place in line.</summary>
    /// <param name="job">How it stands.</param>
    /// <param name="images">What it had completed when it ended before its time; null for nothing.</param>
    public void Updated(Job job, IReadOnlyList<JobImage>? images = null)
    {
        telemetry.Changed(job, images?.Count ?? 0);
        // The document knows only job_updated for a cancelled job.
        if (job.Status != JobStatus.Failed)
            Publish(job, "job_updated", images);
        if (job.Status is JobStatus.Failed or JobStatus.Cancelled)
            Publish(job, $"job_{job.Status}", images);
    }

    public void Completed(Job job, IReadOnlyList<JobImage> images)
    {
        telemetry.Changed(job, images.Count);
        byte[] data = Data(JobView.Of(job) with { Images = [.. images.Select(ImageView.Of)] });
        log.Publish(EventChannel.Queue, "job_completed", job.Owner, data);
        // The document's name for it, and the one that the original really sent.
        log.Publish(EventChannel.Generations, "generation_completed", job.Owner, data);
        log.Publish(EventChannel.Generations, "generation_complete", job.Owner, data);
    }

    public void Progressed(RunningJob running)
    {
        telemetry.Reported(running);
        if (log.HasListeners(EventChannel.Queue) && running.MayTell(time.GetUtcNow().ToUnixTimeMilliseconds(), ProgressEveryMs))
            log.PublishLatest(EventChannel.Queue, "job_progress", running.Job.Id, running.Job.Owner, Data(JobView.Of(running.Job, running)));
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

    public void Paused(bool paused) => log.Publish(
        EventChannel.Queue, paused ? "queue_paused" : "queue_resumed", owner: null,
        JsonSerializer.SerializeToUtf8Bytes(new PausedView(paused), JobJson.Readable.PausedView));

    public void Deleted(DeletedJob job) => log.Publish(
        EventChannel.Generations, "generation_deleted", job.Owner,
        JsonSerializer.SerializeToUtf8Bytes(new DeletedView(job.Id), JobJson.Readable.DeletedView));

    /// <summary>An image of a running job can be fetched.</summary>
    public void ImageCompleted(Job job, JobImage image) => log.Publish(
        EventChannel.Generations, "image_completed", job.Owner, JsonSerializer.SerializeToUtf8Bytes(ImageView.Of(image), JobJson.Readable.ImageView));

    public void ImageDeleted(JobImage image, string owner) => log.Publish(
        EventChannel.Generations, "image_deleted", owner, JsonSerializer.SerializeToUtf8Bytes(new DeletedView(image.Id), JobJson.Readable.DeletedView));

    /// <summary>An image has another star, rating, tag or board.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="image">How it is listed, as JSON.</param>
    public void ImageChanged(string owner, byte[] image) => log.Publish(EventChannel.Generations, "image_changed", owner, image);

    /// <summary>Images were brought from elsewhere: lists are not what they were.</summary>
    public void Imported(string owner, int count) => log.Publish(
        EventChannel.Generations, "images_imported", owner, JsonSerializer.SerializeToUtf8Bytes(new ImportedView(count), JobJson.Readable.ImportedView));

    private void Publish(Job job, string type, IReadOnlyList<JobImage>? images = null) => log.Publish(
        EventChannel.Queue, type, job.Owner, Data(images is { Count: > 0 } ? JobView.Of(job) with { Images = [.. images.Select(ImageView.Of)] } : JobView.Of(job)));

    private static byte[] Data(JobView view) => JsonSerializer.SerializeToUtf8Bytes(view, JobJson.Readable.JobView);
}
