using System.Text;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>OpenAI's images API: <c>/v1/images/generations</c>, <c>edits</c>, <c>variations</c> and <c>/v1/models</c>.</summary>
internal static class OpenAiApi
{
    public static void MapOpenAiApi(this IEndpointRouteBuilder root)
    {
        RouteGroupBuilder api = root.MapGroup("/v1");
        api.ExcludeFromDescription();
        foreach ((string path, string type) in new[] { ("generations", JobType.Generate), ("edits", JobType.Edit), ("variations", JobType.Variation) })
        {
            api.MapPost($"/images/{path}", (HttpContext context, OpenAiGenerator draw) => draw.DrawAsync(context, type)).Draws();
            // SillyTavern asks this way whether somebody is there.
            api.MapMethods($"/images/{path}", [HttpMethods.Options], () => Results.NoContent());
        }

        api.MapGet("/models", (ClientModels models) => A1111Responses.Json(new JsonObject
        {
            ["object"] = "list",
            ["data"] = A1111Responses.List(models.All.Select(model => Model(model, models))),
        }));
        // Names may have slashes.
        api.MapGet("/models/{**id}", (string id, ClientModels models) =>
            A1111Responses.Json(Model(models.Find(id) ?? (ClientModels.IsOpenAiName(id) ? models.FindForOpenAi(id, fromPicture: false) : null) ?? throw OpenAiRequest.UnknownModel(id), models)));
    }

    private static JsonObject Model(ModelDefinition model, ClientModels models) => new()
    {
        ["id"] = model.Id,
        ["object"] = "model",
        ["created"] = File.Exists(model.MainFile) ? new DateTimeOffset(File.GetLastWriteTimeUtc(model.MainFile)).ToUnixTimeSeconds() : 0,
        ["owned_by"] = "sdstudio",
        ["name"] = models.TitleOf(model),
        ["description"] = model.Description,
        ["capabilities"] = A1111Responses.List(model.Capabilities.Select(capability => (JsonNode)capability)),
    };
}

/// <summary>Draws for OpenAI's clients: a job, and its pictures as JSON or as a stream of events.</summary>
internal sealed class OpenAiGenerator(
    EngineHost engineHost, JobSubmission intake, JobWaiter wait, RunningJobs runningJobs, ClientModels models, ImageFiles images, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    // Between events; proxies close what is silent for longer.
    private static readonly TimeSpan SilentAtMost = TimeSpan.FromSeconds(15);

    public async Task<IResult> DrawAsync(HttpContext context, string type)
    {
        CancellationToken left = context.RequestAborted;
        RequestBody body = await RequestBody.ReadAsync(context.Request, left);
        bool fromPicture = type != JobType.Generate;
        var asked = new OpenAiRequest(body, await engineHost.Ready.WaitAsync(left), models, fromPicture);
        var fields = new RequestFields(asked.Body.Fields);
        using ImageBuffer? input = fromPicture ? await intake.ReadInputAsync(asked.Body, fields, ApiKeys.ScopeOf(context), left) : null;
        using ImageBuffer? mask = fromPicture ? intake.ReadMask(asked.Body) : null;
        Job job = await intake.AcceptAsync(context.Request, new GenerateCommand(type, asked.Body, fields, input, mask), left);
        if (asked.Stream)
            return Results.Stream(stream => StreamAsync(stream, job, asked, type, left), "text/event-stream");
        job = await wait.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, left);
        return job.Status == JobStatus.Completed ? A1111Responses.Json(await AnswerAsync(job, asked, context.Request)) : Problem(job, context.Response);
    }

    private async Task<JsonObject> AnswerAsync(Job job, OpenAiRequest asked, HttpRequest request)
    {
        JsonObject answer = Common(job, asked);
        answer["created"] = (job.CompletedAt ?? job.CreatedAt) / 1000;
        answer["data"] = A1111Responses.List((await wait.ImagesOfAsync(job, request.HttpContext.RequestAborted)).Select(image => asked.AsUrl
            ? new JsonObject { ["url"] = UrlOf(image, asked, request) }
            : new JsonObject { ["b64_json"] = Convert.ToBase64String(images.Encoded(image.FilePath, asked.Format, asked.Compression)) }));
        answer["usage"] = Usage();
        return answer;
    }

    // Clients fetch it from elsewhere: it is absolute.
    private static string UrlOf(JobImage image, OpenAiRequest asked, HttpRequest request)
    {
        string format = asked.Format == ImageFormat.Png ? "" : $"?format={asked.Format}&quality={asked.Compression}";
        return $"{request.Scheme}://{request.Host}{request.PathBase}/api/images/{image.Id}{format}";
    }

    private async Task StreamAsync(Stream stream, Job job, OpenAiRequest asked, string type, CancellationToken left)
    {
        string prefix = type == JobType.Generate ? "image_generation" : "image_edit";
        Task<Job> end = wait.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, left);
        await ShowGrowthAsync(stream, end, job, asked, prefix, left);
        Job ended = await end;
        if (ended.Status != JobStatus.Completed)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"event: error\ndata: {ErrorOf(ended).Body}\n\n"), left);
            return;
        }

        foreach (JobImage image in await wait.ImagesOfAsync(ended, left))
        {
            JsonObject completed = Event($"{prefix}.completed", ended, asked, images.Encoded(image.FilePath, asked.Format, asked.Compression));
            completed["usage"] = Usage();
            await SendAsync(stream, completed, left);
        }
    }

    // As many pictures of the growing one as were asked for, evenly over its steps.
    private async Task ShowGrowthAsync(Stream stream, Task end, Job job, OpenAiRequest asked, string prefix, CancellationToken left)
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
                await SendAsync(stream, partial, left);
                lastSent = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(lastSent) > SilentAtMost)
            {
                await stream.WriteAsync(": waiting\n\n"u8.ToArray(), left);
                await stream.FlushAsync(left);
                lastSent = time.GetTimestamp();
            }
        }
    }

    private static JsonObject Event(string type, Job job, OpenAiRequest asked, byte[] picture)
    {
        JsonObject data = Common(job, asked);
        data["type"] = type;
        data["b64_json"] = Convert.ToBase64String(picture);
        data["created_at"] = (job.CompletedAt ?? job.CreatedAt) / 1000;
        return data;
    }

    private static JsonObject Common(Job job, OpenAiRequest asked) => new()
    {
        ["size"] = new ImageSize(job.Settings.Width, job.Settings.Height).ToString(),
        ["quality"] = asked.Quality,
        ["background"] = "opaque",
        ["output_format"] = asked.Format,
    };

    // Nothing is counted: nothing is paid for.
    private static JsonObject Usage() => new()
    {
        ["total_tokens"] = 0,
        ["input_tokens"] = 0,
        ["output_tokens"] = 0,
        ["input_tokens_details"] = new JsonObject { ["text_tokens"] = 0, ["image_tokens"] = 0 },
    };

    private static async Task SendAsync(Stream stream, JsonObject data, CancellationToken left)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"event: {data["type"]}\ndata: {data.ToJsonString(ApiJson.Readable.Options)}\n\n"), left);
        await stream.FlushAsync(left);
    }

    private static IResult Problem(Job job, HttpResponse response)
    {
        // The SDKs send again what failed; it would fail again.
        response.Headers["x-should-retry"] = "false";
        (int status, string body) = ErrorOf(job);
        return Results.Text(body, "application/json", Encoding.UTF8, status);
    }

    private static (int Status, string Body) ErrorOf(Job job)
    {
        (int status, string message) = job.Status switch
        {
            JobStatus.Failed => (
                job.ErrorCode == nameof(SdError.InvalidArgument) ? StatusCodes.Status400BadRequest : StatusCodes.Status500InternalServerError,
                job.Error ?? "The job failed"),
            JobStatus.Cancelled => (StatusCodes.Status409Conflict, "The job was cancelled"),
            _ => (StatusCodes.Status503ServiceUnavailable, $"The server is stopping; job {job.Id} is drawn after its next start"),
        };
        return (status, ClientErrors.OpenAi(status, message, detail: null, bad: null));
    }
}
