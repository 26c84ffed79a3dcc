using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>OpenAI's videos: a job for each request, and jobs in that API's words.</summary>
internal sealed class OpenAiVideos(JobSubmission submission, ClientModels models, VideoModels makers, RunningJobs running)
{
    private const string Reference = "input_reference";
    private const double MaxSeconds = 3600;

    // What clients send that know OpenAI's models only.
    private const string OpenAiPrefix = "sora";

    private static readonly string[] OpenAiOnly = ["seconds", Reference, "user", "metadata"];

    /// <summary>Puts the job of a request into the queue.</summary>
    /// <exception cref="BadRequestException">Names what is wrong.</exception>
    public async Task<Job> CreateAsync(HttpContext context)
    {
        CancellationToken left = context.RequestAborted;
        RequestBody body = await RequestBody.ReadAsync(context.Request, left);
        ParameterLimits now = await submission.Limits.ReadyAsync(JobType.Video, left);
        RequestBody translated = Translated(body, now);
        var fields = new RequestFields(translated.Fields);
        using RequestInputs? inputs = await submission.Images.ReadAsync(JobType.Video, translated, fields, ApiKeys.ScopeOf(context), left);
        return await submission.AcceptAsync(context.Request, new GenerateCommand(JobType.Video, translated, fields, inputs), now, left);
    }

    /// <summary>A job as clients read it.</summary>
    public JsonObject Of(Job job)
    {
        VideoSetting video = job.Settings.Video!;
        double progress = job.Status == JobStatus.Completed ? 1 : running.Find(job.Id)?.Progress.Fraction ?? job.Progress;
        return new JsonObject
        {
            ["id"] = job.Id,
            ["object"] = "video",
            ["model"] = job.Settings.Model,
            ["status"] = StatusOf(job.Status),
            ["progress"] = (int)Math.Floor(progress * 100),
            ["created_at"] = job.CreatedAt / 1000,
            ["completed_at"] = job.CompletedAt is { } at ? at / 1000 : null,
            ["expires_at"] = null,
            ["prompt"] = job.Settings.Prompt,
            ["size"] = new ImageSize(job.Settings.Width, job.Settings.Height).ToString(),
            ["seconds"] = Math.Round((double)video.Frames / video.Fps, 2).ToString(CultureInfo.InvariantCulture),
            ["frames"] = video.Frames,
            ["fps"] = video.Fps,
            ["format"] = video.Format,
            ["remixed_from_video_id"] = null,
            ["error"] = job.Status is JobStatus.Failed or JobStatus.Cancelled
                ? new JsonObject { ["code"] = job.Status == JobStatus.Cancelled ? "cancelled" : job.ErrorCode ?? "server_error", ["message"] = job.Error ?? "The job was cancelled" }
                : null,
        };
    }

    private static string StatusOf(string status) => status switch
    {
        JobStatus.Pending => "queued",
        JobStatus.Processing => "in_progress",
        JobStatus.Completed => "completed",
        _ => "failed",
    };

    private RequestBody Translated(RequestBody body, ParameterLimits limits)
    {
        var read = new RequestFields(body.Fields);
        Dictionary<string, JsonElement> fields = body.Fields.Where(field => !OpenAiOnly.Contains(field.Key)).ToDictionary(StringComparer.Ordinal);
        ModelDefinition model = FindModel(read.Text("model"));
        Put("model", model.Id);
        // What such clients play is MP4; without ffmpeg the answer says what it is.
        if (!read.IsGiven("format") && limits.VideoFormats.Contains(VideoFormats.Mp4))
            Put("format", VideoFormats.Mp4);
        if (!read.IsGiven("frames") && read.Number(0.01, MaxSeconds, "seconds") is { } seconds)
            Put("frames", FramesOf(seconds, read, model, limits).ToString(CultureInfo.InvariantCulture));
        Dictionary<string, IReadOnlyList<byte[]>> files = body.Files.Where(file => file.Key != Reference).ToDictionary(StringComparer.Ordinal);
        if (body.File(Reference) is { } sent)
            files["image"] = [sent];
        else if (body.Fields.TryGetValue(Reference, out JsonElement reference) && reference.ValueKind is not JsonValueKind.Null)
            files["image"] = [EncodedImage.TextOf(reference) is { } text ? EncodedImage.Decode(text, Reference) : throw NoImage()];
        read.ThrowIfRefused();
        return body.Translated(fields, files);

        void Put(string name, string text) => fields[name] = JsonSerializer.SerializeToElement(text, ApiJson.Readable.String);
    }

    // One more than the time has: the first stands at its beginning, as the families count them.
    private static long FramesOf(double seconds, RequestFields read, ModelDefinition model, ParameterLimits limits)
    {
        Parameter fps = Parameters.Get("fps");
        var rate = (long)(read.Value(fps, limits) ?? model.Defaults["fps"] ?? fps.Default!);
        return (long)Math.Round(seconds * rate) + 1;
    }

    private ModelDefinition FindModel(string? name)
    {
        bool isAny = string.IsNullOrWhiteSpace(name) || name.StartsWith(OpenAiPrefix, StringComparison.OrdinalIgnoreCase);
        ModelDefinition? model = models.Find(name ?? "")
            ?? (isAny ? makers.Usual ?? models.All.FirstOrDefault(makers.Makes) ?? throw ClientModels.NoneMakesVideos(makers) : throw OpenAiRequest.UnknownModel(name!));
        return models.Usable(model);
    }

    private static BadRequestException NoImage() => new([new FieldProblem(Reference, $"{Reference} has no image; send a file, or {{\"image_url\": a data URL}}")], detail: null);
}
