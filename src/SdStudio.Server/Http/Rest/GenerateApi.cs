using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>POST /api/generate</c>, <c>/edit</c>, <c>/variation</c>, <c>/upscale</c>, <c>/video</c>: a job, and its images when it is done in time.</summary>
internal static class GenerateApi
{
    private const string FormUrlEncoded = "application/x-www-form-urlencoded";

    public static void MapGenerateApi(this IEndpointRouteBuilder api)
    {
        foreach (string type in JobType.WithImages)
        {
            Describe(type, api.MapPost($"/{type}", (HttpRequest request, JobSubmission intake, JobWaiter wait, IJobQueries queries) => GenerateAsync(type, request, intake, wait, queries)))
                .Describe(Names[type], "Generate", $"{Summaries[type]}, and waits for the images", 400, 409, 413, 415, 429, 500, 503, 507)
                .WithMetadata(new ResponseExample("""{"id":"01a2…","job_id":"01a2…","status":"completed","created":1766491200,"data":[{"id":"924f…","index":0,"revised_prompt":null}]}"""));
            Describe(type, api.MapPost($"/queue/{type}", (HttpRequest request, JobSubmission intake) => QueueAsync(type, request, intake)))
                .Describe(Names[type] + "Later", "Queue", $"{Summaries[type]}, as a job in the queue", 400, 409, 413, 415, 429, 503, 507)
                .WithMetadata(new ResponseExample("""{"job_id":"01a2…","status":"pending"}"""));
        }
    }

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        [JobType.Generate] = "generateImage",
        [JobType.Edit] = "editImage",
        [JobType.Variation] = "createVariation",
        [JobType.Upscale] = "upscaleImage",
        [JobType.Video] = "generateVideo",
    };

    private static readonly Dictionary<string, string> Summaries = new(StringComparer.Ordinal)
    {
        [JobType.Generate] = "Text-to-image",
        [JobType.Edit] = "Image-to-image",
        [JobType.Variation] = "Variations of an image",
        [JobType.Upscale] = "Upscales an image",
        [JobType.Video] = "Generates a video from a prompt, or from a prompt and images",
    };

    private static RouteHandlerBuilder Describe(string type, RouteHandlerBuilder endpoint) => (type switch
    {
        JobType.Generate => endpoint.Accepts<GenerateBody>("application/json", "multipart/form-data", FormUrlEncoded),
        JobType.Upscale => endpoint.Accepts<UpscaleBody>("multipart/form-data", "application/json", FormUrlEncoded),
        JobType.Video => endpoint.Accepts<VideoBody>("application/json", "multipart/form-data", FormUrlEncoded),
        JobType.Edit => endpoint.Accepts<EditBody>("multipart/form-data", "application/json", FormUrlEncoded),
        _ => endpoint.Accepts<VariationBody>("multipart/form-data", "application/json", FormUrlEncoded),
    }).RequireJobRateLimit().WithMetadata(new RequestExample(type switch
    {
        JobType.Generate => """{"model":"demo","prompt":"a red circle on a blue background","size":"256x256","seed":7}""",
        JobType.Video => """{"model":"wan2.2-ti2v-5b","prompt":"a red circle moves to the right","size":"832x480","frames":17,"fps":16}""",
        JobType.Upscale => """{"source_image_id":"924f…","upscaler":"Lanczos","upscale_factor":2}""",
        _ => """{"source_image_id":"924f…","prompt":"a green square","strength":0.75}""",
    }));

    private static async Task<Results<Ok<GenerateResponse>, Accepted<GenerateResponse>, JsonHttpResult<ErrorResponse>>> GenerateAsync(string type, HttpRequest request, JobSubmission intake, JobWaiter wait, IJobQueries queries)
    {
        (Job job, WhenClientLeaves leave) = await intake.AcceptAsync(request, type, request.HttpContext.RequestAborted);
        job = await wait.ForAsync(job, leave, request.HttpContext.RequestAborted);
        if (JobProblem.Of(job) is { } error)
            return ApiErrors.Json(error.Status, error.Message, error.Detail);
        IReadOnlyList<JobImage> images = await queries.ImagesAsync(job.Id, OwnerScope.All, request.HttpContext.RequestAborted);
        var answer = new GenerateResponse(
            job.Id, job.Id, job.Status, job.CreatedAt / 1000, [.. images.Select(image => new GenerateResponseImage(image.Id, image.Index, RevisedPrompt: null))])
        {
            OutsideMaskChanged = job.Settings.OutsideMaskChanged, Notes = job.Settings.Notes,
        };
        return job.Status == JobStatus.Completed ? TypedResults.Ok(answer) : TypedResults.Accepted(uri: (string?)null, answer);
    }

    private static async Task<Ok<QueuedResponse>> QueueAsync(string type, HttpRequest request, JobSubmission intake)
    {
        (Job job, _) = await intake.AcceptAsync(request, type, request.HttpContext.RequestAborted);
        return TypedResults.Ok(new QueuedResponse(job.Id, job.Status) { Notes = job.Settings.Notes });
    }
}
