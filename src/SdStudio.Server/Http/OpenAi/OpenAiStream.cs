using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>The events of a request with <c>stream</c>: previews while the image is sampled, and the image.</summary>
internal sealed class OpenAiStream(JobWaiter waiter, IJobQueries queries, RunningJobs runningJobs, ImageFiles images, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    // Between events; proxies close what is silent for longer.
    private static readonly TimeSpan SilentAtMost = TimeSpan.FromSeconds(15);

    public async Task WriteAsync(SseWriter events, Job job, OpenAiRequest asked, CancellationToken left)
    {
        string prefix = job.Settings.Type == JobType.Generate ? "image_generation" : "image_edit";
        Task<Job> end = waiter.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, left);
        await WritePreviewsAsync(events, end, job, asked, prefix, left);
        Job ended = await end;
        if (JobProblem.OfEnded(ended) is { } error)
        {
            await events.EventAsync("error", OpenAiErrors.Body(error).ToJsonString(ApiJson.Readable.Options));
            return;
        }

        foreach (JobImage image in await queries.ImagesAsync(ended.Id, OwnerScope.All, left))
        {
            JsonObject completed = Event($"{prefix}.completed", ended, asked, await images.EncodedAsync(image.FilePath, new ImageEncoding(asked.Format, asked.Compression), left));
            completed["usage"] = OpenAiImages.Usage();
            await SendAsync(events, completed);
        }
    }

    // As many previews as were asked for, evenly over the steps.
    private async Task WritePreviewsAsync(SseWriter events, Task end, Job job, OpenAiRequest asked, string prefix, CancellationToken left)
    {
        int shown = 0;
        long lastSent = time.GetTimestamp();
        while (await Task.WhenAny(end, Task.Delay(LookEvery, time, left)) != end)
        {
            left.ThrowIfCancellationRequested();
            if (shown < asked.PartialImages && runningJobs.Find(job.Id) is { } running && running.Progress.Last is { Phase: GenerationPhase.Sample } last
                && last.Step >= (shown + 1) * last.Steps / (asked.PartialImages + 1) && running.Preview(asked.Format, asked.Compression) is { } preview)
            {
                JsonObject partial = Event($"{prefix}.partial_image", job, asked, preview);
                partial["partial_image_index"] = shown++;
                await SendAsync(events, partial);
                lastSent = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(lastSent) > SilentAtMost)
            {
                await events.CommentAsync("waiting");
                lastSent = time.GetTimestamp();
            }
        }
    }

    private static JsonObject Event(string type, Job job, OpenAiRequest asked, byte[] image)
    {
        JsonObject data = OpenAiImages.Common(job, asked);
        data["type"] = type;
        data["b64_json"] = Convert.ToBase64String(image);
        data["created_at"] = (job.CompletedAt ?? job.CreatedAt) / 1000;
        return data;
    }

    private static Task SendAsync(SseWriter events, JsonObject data) => events.EventAsync(data["type"]!.ToString(), data.ToJsonString(ApiJson.Readable.Options));
}
