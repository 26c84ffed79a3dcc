using System.Text.Json;
using SdStudio.Server.Events;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Queue;

/// <summary>Tells the world what happens to jobs.</summary>
internal sealed class JobEvents(EventHub hub, ImageRepository images, TimeProvider time)
{
    // Faster than people see, slower than what costs a picture its time.
    private const long ProgressEveryMs = 250;

    public void Created(Job job) => hub.Publish(EventChannel.Queue, "job_created", Data(JobView.Of(job)));

    public void Updated(Job job)
    {
        if (job.Status != JobStatus.Completed)
        {
            hub.Publish(EventChannel.Queue, job.Status switch { JobStatus.Failed => "job_failed", JobStatus.Cancelled => "job_cancelled", _ => "job_updated" }, Data(JobView.Of(job)));
            return;
        }

        byte[] data = Data(JobView.Of(job) with { Images = [.. images.Of(job.Id).Select(ImageView.Of)] });
        hub.Publish(EventChannel.Queue, "job_completed", data);
        // The document's name for it, and the one that the original really sent.
        hub.Publish(EventChannel.Generations, "generation_completed", data);
        hub.Publish(EventChannel.Generations, "generation_complete", data);
    }

    public void Progressed(RunningJob running)
    {
        if (hub.HasListeners(EventChannel.Queue) && running.MayTell(time.GetUtcNow().ToUnixTimeMilliseconds(), ProgressEveryMs))
            hub.PublishLatest(EventChannel.Queue, "job_progress", running.Job.Id, Data(JobView.Of(running.Job, running)));
    }

    /// <summary>Whether anybody looks at pictures as they grow.</summary>
    public bool PreviewsAreWatched => hub.HasListeners(EventChannel.Previews);

    public void Previewed(RunningJob running, int step)
    {
        if (PreviewsAreWatched && running.Preview() is { } picture)
        {
            hub.PublishLatest(
                EventChannel.Previews, "job_preview", running.Job.Id,
                JsonSerializer.SerializeToUtf8Bytes(
                    new PreviewView(running.Job.Id, step, "image/webp", Convert.ToBase64String(picture)), JobJson.Readable.PreviewView));
        }
    }

    public void Paused(bool paused) => hub.Publish(
        EventChannel.Queue, paused ? "queue_paused" : "queue_resumed",
        JsonSerializer.SerializeToUtf8Bytes(new PausedView(paused), JobJson.Readable.PausedView));

    public void Deleted(string jobId) => hub.Publish(
        EventChannel.Generations, "generation_deleted",
        JsonSerializer.SerializeToUtf8Bytes(new DeletedView(jobId), JobJson.Readable.DeletedView));

    private static byte[] Data(JobView view) => JsonSerializer.SerializeToUtf8Bytes(view, JobJson.Readable.JobView);
}
