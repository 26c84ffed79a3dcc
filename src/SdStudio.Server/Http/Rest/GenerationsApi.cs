using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/generations</c>: the history.</summary>
internal static class GenerationsApi
{
    private const string Group = "Generations";
    private const int DefaultLimit = 20;
    private const int MaxLimit = 1000;

    public static void MapGenerationsApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder generations = api.MapGroup("/generations");
        generations.MapGet("", ListAsync).ProducesJson<List<JobView>>("listGenerations", Group, "Generations, newest first; X-Total-Count is their number", 400)
            .WithQuery(QueryParameter.OneOf("status", "Generations in this state", ["all", .. JobStatus.All], JobStatus.Completed), QueryParameter.OneOf("type", "Jobs of this type", JobType.All), new QueryParameter("model", "A model's id"), new QueryParameter("q", "Text within the prompt; search is an alias"), QueryParameter.Integer("limit", "Maximum number of items", 1, MaxLimit, DefaultLimit), QueryParameter.Integer("offset", "Number of items to skip", 0, int.MaxValue, 0), QueryParameter.OneOf("shape", "studio returns an envelope with pagination", ["document", "studio"], "document"));
        generations.MapGet("/{id}", GetAsync).Describe("getGeneration", Group, "A generation with its images");
        generations.MapMethods("/{id}/image", [HttpMethods.Get, HttpMethods.Head], FirstImageAsync).ProducesFile("getGenerationImage", Group, "The first image of a generation", "image/png", 404);
        generations.MapGet("/{id}/images", ImagesAsync).Describe("listGenerationImages", Group, "The images of a generation");
        generations.MapGet("/{id}/thumbnail", async (string id, HttpRequest request, HttpResponse response, IJobQueries queries, ImageFiles images, VideoFiles videos) =>
            await ImagesOfAsync(id, request.HttpContext, queries) is [{ } first, ..] ? await ImagesApi.ThumbnailAsync(first.Id, request, response, queries, images, videos) : (IResult)ApiErrors.NotFound("Image not found"))
            .ProducesFile("getGenerationThumbnail", Group, "A small WebP of a generation's first image", "image/webp", 400, 404).WithQuery(QueryParameter.Integer("size", "Its longer side, pixels", 64, 1024, 256));
        generations.MapGet("/{id}/input", async (string id, HttpContext context, IJobQueries queries, ImageFiles images) => await InputAsync((await FindAsync(id, context, queries))?.Settings.InputImage, images, context.RequestAborted))
            .ProducesFile("getGenerationInput", Group, "The input image of a generation", "image/png", 404);
        generations.MapGet("/{id}/mask", async (string id, HttpContext context, IJobQueries queries, ImageFiles images) => await InputAsync((await FindAsync(id, context, queries))?.Settings.MaskImage, images, context.RequestAborted))
            .ProducesFile("getGenerationMask", Group, "The mask of a generation: white where it was inpainted", "image/png", 404);
        generations.MapDelete("/{id}", DeleteAsync).Describe("deleteGeneration", Group, "Deletes a generation and its files");
        generations.MapDelete("", DeleteAllAsync).Describe("deleteGenerations", Group, "Deletes every generation that has ended")
            .WithQuery(QueryParameter.Flag("delete_files", "Whether to delete the image files too"));
    }

    private static async Task<IResult> ListAsync(HttpRequest request, HttpResponse response, IJobQueries queries, QueueViews views, QueueAnswers answers)
    {
        CancellationToken left = request.HttpContext.RequestAborted;
        var query = new RequestQuery(request);
        string status = query.OneOf(["all", .. JobStatus.All], "status") ?? JobStatus.Completed;
        var filter = new JobFilter(
            ApiKeys.ScopeOf(request.HttpContext), status == "all" ? null : status, query.OneOf(JobType.All, "type"), query.Text("model"), query.Text("q") ?? query.Text("search"));
        int limit = query.Integer("limit", DefaultLimit, 1, MaxLimit);
        int offset = query.Integer("offset", 0, 0, int.MaxValue);
        // The document's shape is the list; the original sent it in an envelope, and its page still wants that.
        bool inEnvelope = query.OneOf(["document", "studio"], "shape") == "studio";
        ListAnswer answer = await answers.GetAsync(filter.Scope, request.Path + request.QueryString.Value, async () =>
        {
            long total = await queries.CountAsync(filter, left);
            List<JobView> page = await views.OfAsync(await queries.ListAsync(filter, new JobPage(limit, offset), left), left);
            byte[] json = inEnvelope
                ? JsonSerializer.SerializeToUtf8Bytes(
                    new GenerationsPage(await WithFirstImagesAsync(page, queries, left), new Pagination(total, limit, offset, offset + page.Count < total)), ApiJson.Readable.GenerationsPage)
                : JsonSerializer.SerializeToUtf8Bytes(page, ApiJson.Readable.ListJobView);
            return new ListAnswer(json, total);
        });
        response.Headers["X-Total-Count"] = answer.Total.ToString(CultureInfo.InvariantCulture);
        return Results.Bytes(answer.Json, "application/json; charset=utf-8");
    }

    private static async Task<List<JobView>> WithFirstImagesAsync(List<JobView> page, IJobQueries queries, CancellationToken cancellation)
    {
        List<JobView> views = [];
        foreach (JobView job in page)
        {
            IReadOnlyList<JobImage> images = job.ImageCount == 0 ? [] : await queries.ImagesAsync(job.Id, OwnerScope.All, cancellation);
            views.Add(images is [{ } first, ..] ? job with { FirstImageId = first.Id, FirstImageUrl = $"{ImagesApi.OriginalFolder}/{first.Id}.png" } : job);
        }

        return views;
    }

    private static async Task<Results<Ok<JobView>, NotFound<ErrorResponse>>> GetAsync(string id, HttpContext context, IJobQueries queries, QueueViews views) =>
        await FindAsync(id, context, queries) is { } job
            ? TypedResults.Ok(await views.WithImagesAsync(job, context.RequestAborted))
            : ApiErrors.NotFound("Generation not found");

    private static async Task<IResult> FirstImageAsync(string id, HttpContext context, IJobQueries queries, ImageFiles images) =>
        await ImagesOfAsync(id, context, queries) is [{ } first, ..] ? await ImagesApi.FileAsync(first, context.Response, images) : ApiErrors.NotFound("Image not found");

    private static async Task<IResult> InputAsync(string? relative, ImageFiles images, CancellationToken left) =>
        relative is not null && await images.FindAsync(relative, left) is { } path
        ? Results.File(path, "image/png")
        : ApiErrors.NotFound("This generation has no such image");

    private static async Task<Results<Ok<List<ImageView>>, NotFound<ErrorResponse>>> ImagesAsync(string id, HttpContext context, IJobQueries queries) =>
        await queries.StatusAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted) is null
            ? ApiErrors.NotFound("Generation not found")
            : TypedResults.Ok((await ImagesOfAsync(id, context, queries)).Select(ImageView.Of).ToList());

    private static async Task<Results<Ok<SuccessResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> DeleteAsync(string id, HttpContext context, IJobQueries queries, JobDeletion deletion)
    {
        OwnerScope scope = ApiKeys.ScopeOf(context);
        if (await deletion.DeleteAsync(id, scope, context.RequestAborted))
            return TypedResults.Ok(new SuccessResponse(Success: true));
        return await queries.StatusAsync(id, scope, context.RequestAborted) is { } status
            ? ApiErrors.Conflict($"The generation is {status}; cancel it first")
            : ApiErrors.NotFound("Generation not found");
    }

    private static async Task<Ok<DeletedAllResponse>> DeleteAllAsync(HttpContext context, JobDeletion deletion)
    {
        bool deleteFiles = new RequestQuery(context.Request).Flag("delete_files");
        Deleted deleted = await deletion.DeleteAllAsync(ApiKeys.ScopeOf(context), deleteFiles, context.RequestAborted);
        return TypedResults.Ok(new DeletedAllResponse(Success: true, deleted.Jobs, deleted.Jobs, deleted.Files));
    }

    private static ValueTask<Job?> FindAsync(string id, HttpContext context, IJobQueries queries) =>
        queries.FindAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted);

    private static ValueTask<IReadOnlyList<JobImage>> ImagesOfAsync(string id, HttpContext context, IJobQueries queries) =>
        queries.ImagesAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted);
}
