using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.SdServer;

/// <summary>Jobs in the words of the engine's own server.</summary>
internal sealed class SdServerJobs(JobSubmission submission, SdServerContext context, IJobQueries queries, QueueViews views, ImageFiles images)
{
    /// <summary>Puts the job of a request into the queue.</summary>
    /// <exception cref="BadRequestException">Names what is wrong.</exception>
    public async Task<Job> CreateAsync(HttpContext http, bool isVideo)
    {
        CancellationToken left = http.RequestAborted;
        RequestBody body = await RequestBody.ReadAsync(http.Request, left);
        ParameterLimits now = await submission.Limits.ReadyAsync(isVideo ? JobType.Video : JobType.Generate, left);
        var reader = new SdServerReader(body, isVideo, context, now);
        RequestBody translated = reader.Translate();
        var fields = new RequestFields(translated.Fields);
        using RequestInputs? inputs = await submission.Images.ReadAsync(reader.Type, translated, fields, ApiKeys.ScopeOf(http), left);
        return await submission.AcceptAsync(http.Request, new GenerateCommand(reader.Type, translated, fields, inputs) { NeedsPrompt = true, Answer = reader.Answer }, now, left);
    }

    /// <summary>A job of whoever asks.</summary>
    /// <exception cref="BadRequestException">There is none of that id.</exception>
    public async Task<Job> FindAsync(string id, HttpContext http) => await queries.FindAsync(id, ApiKeys.ScopeOf(http), http.RequestAborted)
        ?? throw new BadRequestException([new FieldProblem("id", "job not found")], $"There is no job '{RequestFields.Shown(id)}'", StatusCodes.Status404NotFound);

    /// <summary>What is answered to whoever has sent a job.</summary>
    public static JsonObject Accepted(Job job) => new()
    {
        ["id"] = job.Id, ["kind"] = KindOf(job), ["status"] = StatusOf(job.Status), ["created"] = job.CreatedAt / 1000, ["poll_url"] = $"/sdcpp/v1/jobs/{job.Id}",
    };

    /// <summary>The status of a job, with its results.</summary>
    public async Task<JsonObject> OfAsync(Job job, CancellationToken cancellation)
    {
        JobView view = await views.OfAsync(job, cancellation);
        return new JsonObject
        {
            ["id"] = job.Id,
            ["kind"] = KindOf(job),
            ["status"] = StatusOf(job.Status),
            ["created"] = job.CreatedAt / 1000,
            ["started"] = job.StartedAt is { } started ? started / 1000 : null,
            ["completed"] = job.CompletedAt is { } completed ? completed / 1000 : null,
            ["queue_position"] = view.Position ?? 0,
            ["progress"] = view.Progress,
            ["result"] = job.Status == JobStatus.Completed ? await ResultAsync(job, cancellation) : null,
            ["error"] = job.Status is JobStatus.Failed or JobStatus.Cancelled && JobProblem.Of(job) is { } problem
                ? new JsonObject { ["code"] = job.Status == JobStatus.Cancelled ? "cancelled" : "generation_failed", ["message"] = problem.Text }
                : null,
        };
    }

    private async Task<JsonObject> ResultAsync(Job job, CancellationToken cancellation)
    {
        IReadOnlyList<JobImage> made = await queries.ImagesAsync(job.Id, OwnerScope.All, cancellation);
        return made is [{ Video: { } video } clip] ? await VideoAsync(clip, video, cancellation) : await ImagesAsync(job, made, cancellation);
    }

    // The format is that of the bytes, whatever was asked for.
    private async Task<JsonObject> VideoAsync(JobImage clip, VideoSetting video, CancellationToken cancellation) => new()
    {
        ["output_format"] = video.Format, ["mime_type"] = clip.MimeType, ["fps"] = video.Fps, ["frame_count"] = video.Frames,
        ["b64_json"] = Convert.ToBase64String(await images.BytesAsync(clip.FilePath, cancellation)),
    };

    private async Task<JsonObject> ImagesAsync(Job job, IReadOnlyList<JobImage> made, CancellationToken cancellation)
    {
        AnswerFormat answer = job.Settings.Answer ?? SdServerReader.Usual;
        List<JsonObject> sent = [];
        foreach (JobImage image in made)
        {
            byte[] bytes = await images.EncodedAsync(image.FilePath, new ImageEncoding(answer.Format, answer.Quality), cancellation);
            sent.Add(new JsonObject { ["index"] = image.Index, ["b64_json"] = Convert.ToBase64String(bytes) });
        }

        var result = new JsonObject { ["output_format"] = answer.Format, ["images"] = A1111Responses.List(sent) };
        if (job.Settings.Notes is { } notes)
            result["notes"] = A1111Responses.List(notes.Select(note => (JsonNode)note));
        return result;
    }

    private static string KindOf(Job job) => job.Settings.Video is null ? "img_gen" : "vid_gen";

    private static string StatusOf(string status) => status switch
    {
        JobStatus.Pending => "queued",
        JobStatus.Processing => "generating",
        _ => status,
    };
}
