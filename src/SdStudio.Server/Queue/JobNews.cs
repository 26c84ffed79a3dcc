using System.Text.Json;
using SdStudio.Server.Events;

namespace SdStudio.Server.Queue;

/// <summary>Which events a change of a job is, as listeners get them.</summary>
internal static class JobNews
{
    public static NewEvent Created(Job job) => Of(job, "job_created");

    /// <summary>A job has another status, or another place in line.</summary>
    /// <param name="job">How it stands.</param>
    /// <param name="images">What it had completed when it ended before its time; null for nothing.</param>
    public static IEnumerable<NewEvent> Updated(Job job, IReadOnlyList<JobImage>? images = null)
    {
        // The document knows only job_updated for a cancelled job.
        if (job.Status != JobStatus.Failed)
            yield return Of(job, "job_updated", images);
        if (job.Status is JobStatus.Failed or JobStatus.Cancelled)
            yield return Of(job, $"job_{job.Status}", images);
    }

    public static IEnumerable<NewEvent> Completed(Job job, IReadOnlyList<JobImage> images)
    {
        byte[] data = Data(JobView.Of(job) with { Images = [.. images.Select(ImageView.Of)] });
        yield return new NewEvent(EventChannel.Queue, "job_completed", job.Owner, data);
        // The document's name for it, and the one that the original really sent.
        yield return new NewEvent(EventChannel.Generations, "generation_completed", job.Owner, data);
        yield return new NewEvent(EventChannel.Generations, "generation_complete", job.Owner, data);
    }

    /// <summary>An image of a running job can be fetched.</summary>
    public static NewEvent ImageCompleted(string owner, JobImage image) => new(
        EventChannel.Generations, "image_completed", owner, JsonSerializer.SerializeToUtf8Bytes(ImageView.Of(image), JobJson.Readable.ImageView));

    public static NewEvent Paused(bool paused) => new(
        EventChannel.Queue, paused ? "queue_paused" : "queue_resumed", Owner: null,
        JsonSerializer.SerializeToUtf8Bytes(new PausedView(paused), JobJson.Readable.PausedView));

    public static NewEvent Deleted(DeletedJob job) => new(
        EventChannel.Generations, "generation_deleted", job.Owner, JsonSerializer.SerializeToUtf8Bytes(new DeletedView(job.Id), JobJson.Readable.DeletedView));

    public static NewEvent ImageDeleted(JobImage image, string owner) => new(
        EventChannel.Generations, "image_deleted", owner, JsonSerializer.SerializeToUtf8Bytes(new DeletedView(image.Id), JobJson.Readable.DeletedView));

    public static byte[] Data(JobView view) => JsonSerializer.SerializeToUtf8Bytes(view, JobJson.Readable.JobView);

    private static NewEvent Of(Job job, string type, IReadOnlyList<JobImage>? images = null) => new(
        EventChannel.Queue, type, job.Owner, Data(images is { Count: > 0 } ? JobView.Of(job) with { Images = [.. images.Select(ImageView.Of)] } : JobView.Of(job)));
}
