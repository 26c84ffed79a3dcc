using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>OpenAI's videos API: <c>/v1/videos</c>.</summary>
internal static class OpenAiVideosApi
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    // Of lists from the oldest on, and behind an id: so many of the newest are looked through.
    private const int MaxLookedThrough = 1000;

    private static readonly string[] Variants = ["video", "thumbnail", "spritesheet"];

    public static void MapOpenAiVideos(this RouteGroupBuilder api)
    {
        api.MapPost("/videos", async (HttpContext context, OpenAiVideos videos) => A1111Responses.Json(videos.Of(await videos.CreateAsync(context)))).RequireJobRateLimit();
        api.MapGet("/videos", ListAsync);
        api.MapGet("/videos/{id}", async (string id, HttpContext context, IJobQueries queries, OpenAiVideos videos) => A1111Responses.Json(videos.Of(await FindAsync(id, context, queries))));
        api.MapGet("/videos/{id}/content", ContentAsync);
        api.MapDelete("/videos/{id}", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, IJobQueries queries, OpenAiVideos videos)
    {
        var query = new RequestQuery(context.Request);
        int limit = query.Integer("limit", DefaultLimit, 1, MaxLimit);
        bool oldestFirst = query.OneOf(["asc", "desc"], "order") == "asc";
        string? after = query.Text("after");
        IReadOnlyList<Job> newest = await queries.ListAsync(
            new JobFilter(ApiKeys.ScopeOf(context), Type: JobType.Video), new JobPage(oldestFirst || after is not null ? MaxLookedThrough : limit + 1, 0), context.RequestAborted);
        IEnumerable<Job> ordered = oldestFirst ? newest.Reverse() : newest;
        List<Job> rest = [.. after is null ? ordered : ordered.SkipWhile(job => job.Id != after).Skip(1)];
        List<Job> page = [.. rest.Take(limit)];
        return A1111Responses.Json(new JsonObject
        {
            ["object"] = "list",
            ["data"] = A1111Responses.List(page.Select(videos.Of)),
            ["first_id"] = page.Count == 0 ? null : page[0].Id,
            ["last_id"] = page.Count == 0 ? null : page[^1].Id,
            ["has_more"] = rest.Count > page.Count,
        });
    }

    private static async Task<IResult> ContentAsync(string id, HttpContext context, IJobQueries queries, ImageFiles images, VideoFiles videos)
    {
        string variant = new RequestQuery(context.Request).OneOf(Variants, "variant") ?? Variants[0];
        Job job = await FindAsync(id, context, queries);
        if (await queries.ImagesAsync(job.Id, OwnerScope.All, context.RequestAborted) is not [{ Video: { } video } image])
        {
            throw new BadRequestException(
                [new FieldProblem("id", $"Video {id} has no content: it is {job.Status}. GET /v1/videos/{id} shows its status")], detail: null, StatusCodes.Status404NotFound) { Code = "video_not_ready" };
        }

        return variant switch
        {
            "thumbnail" => await VideosApi.ThumbnailAsync(image, video, VideoSheet.Side, context.Response, images, videos),
            "spritesheet" => await VideosApi.SheetOfAsync(image, video, context.Response, images, videos),
            _ => await ImagesApi.FileAsync(image, context.Response, images),
        };
    }

    // One that waits or runs is cancelled first.
    private static async Task<IResult> DeleteAsync(string id, HttpContext context, IJobQueries queries, JobQueue queue, JobDeletion deletion)
    {
        OwnerScope scope = ApiKeys.ScopeOf(context);
        Job job = await FindAsync(id, context, queries);
        if (!JobStatus.IsFinal(job.Status) && await queue.CancelAsync(id, scope, context.RequestAborted))
            await queue.WaitForEndAsync(id, context.RequestAborted);
        bool isDeleted = await deletion.DeleteAsync(id, scope, context.RequestAborted);
        return A1111Responses.Json(new JsonObject { ["id"] = id, ["object"] = "video.deleted", ["deleted"] = isDeleted });
    }

    private static async Task<Job> FindAsync(string id, HttpContext context, IJobQueries queries) =>
        await queries.FindAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted) is { Settings.Video: not null } job
            ? job
            : throw new BadRequestException([new FieldProblem("id", $"There is no video '{RequestFields.Shown(id)}'")], detail: null, StatusCodes.Status404NotFound) { Code = "video_not_found" };
}
