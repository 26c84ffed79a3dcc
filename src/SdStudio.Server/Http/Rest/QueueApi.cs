using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Nodes;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/queue</c>: looking at jobs, ending them, trying them again.</summary>
internal static class QueueApi
{
    private const string Group = "Queue";
    private const int DefaultLimit = 100;
    private const int MaxPriority = 10;

    // An engine that decodes or loads cannot be stopped: whoever cancels is not kept waiting for that.
    private static readonly TimeSpan CancelWait = TimeSpan.FromSeconds(5);

    public static void MapQueueApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder queue = api.MapGroup("/queue");
        queue.MapGet("", ListAsync).ProducesJson<QueueResponse>("listJobs", Group, "Jobs, newest first, with statistics", 400)
            .WithQuery(QueryParameter.OneOf("status", "Jobs in this state", JobStatus.All), QueryParameter.OneOf("type", "Jobs of this type", JobType.All), new QueryParameter("model", "A model's id"), new QueryParameter("q", "Text within the prompt; search is an alias"), QueryParameter.Integer("limit", "Maximum number of items", 1, 1000, DefaultLimit), QueryParameter.Integer("offset", "Number of items to skip", 0, int.MaxValue, 0), QueryParameter.OneOf("sort", "newest; or position: waiting jobs, the next one first", ["newest", "position"], "newest"));
        queue.MapGet("/stats", async (HttpContext context, IJobQueries queries) => TypedResults.Ok(await StatsAsync(context, queries))).Describe("getQueueStats", Group, "The number of jobs by status");
        queue.MapGet("/{id}", GetAsync).Describe("getJob", Group, "A job with its progress, position and images");
        queue.MapGet("/{id}/preview", PreviewAsync).ProducesFile("getJobPreview", Group, "The latest preview of a running job", "image/webp", 404);
        queue.MapDelete("/{id}", CancelAsync).Describe("cancelJob", Group, "Cancels a waiting job at once, a running one at the engine's next step");
        queue.MapPatch("/{id}", ChangeAsync).Accepts<PlaceBody>("application/json")
            .Describe("moveJob", Group, "Changes the priority of a waiting job, or moves it before or after another", 400).WithMetadata(new RequestExample("""{"priority":5}"""));
        queue.MapPost("/{id}/retry", RetryAsync).RequireJobRateLimit().Describe("retryJob", Group, "Retries a failed or cancelled job");
        queue.MapPost("/cancel-all", CancelAllAsync).Describe("cancelAllJobs", Group, "Cancels every waiting and running job")
            .WithQuery(QueryParameter.Flag("mine", "Only the jobs of this API key"));
        queue.MapPost("/pause", (JobQueue jobs, CancellationToken left) => PauseAsync(jobs, paused: true, left)).Describe("pauseQueue", Group, "Pauses the queue; the running job continues").RequireAdministrator();
        queue.MapPost("/resume", (JobQueue jobs, CancellationToken left) => PauseAsync(jobs, paused: false, left)).Describe("resumeQueue", Group, "Resumes the queue").RequireAdministrator();
    }

    private static async Task<IResult> ListAsync(HttpRequest request, IJobQueries queries, QueueViews views, JobLine line, QueueAnswers answers)
    {
        CancellationToken left = request.HttpContext.RequestAborted;
        var query = new RequestQuery(request);
        var filter = new JobFilter(
            ApiKeys.ScopeOf(request.HttpContext), query.OneOf(JobStatus.All, "status"), query.OneOf(JobType.All, "type"), query.Text("model"),
            query.Text("q") ?? query.Text("search"));
        int limit = query.Integer("limit", DefaultLimit, 1, 1000);
        int offset = query.Integer("offset", 0, 0, int.MaxValue);
        bool byPosition = query.OneOf(["newest", "position"], "sort") == "position";
        if (byPosition && filter.Status != JobStatus.Pending)
            throw new BadRequestException("sort=position is for status=pending: only waiting jobs have a position");
        ListAnswer answer = await answers.GetAsync(filter.Scope, request.Path + request.QueryString.Value, async () =>
        {
            long total = await queries.CountAsync(filter, left);
            List<JobView> jobs = byPosition
                ? await views.ByPositionAsync(filter, new JobPage(limit, offset), left)
                : await views.OfAsync(await queries.ListAsync(filter, new JobPage(limit, offset), left), left);
            var page = new QueueResponse(jobs, await StatsAsync(request.HttpContext, queries), total, limit, offset, (await line.OrderAsync(left)).IsPaused);
            return new ListAnswer(JsonSerializer.SerializeToUtf8Bytes(page, ApiJson.Readable.QueueResponse), total);
        });
        return Results.Bytes(answer.Json, "application/json; charset=utf-8");
    }

    private static async Task<Results<Ok<JobView>, NotFound<ErrorResponse>>> GetAsync(string id, HttpContext context, IJobQueries queries, QueueViews views) =>
        await queries.FindAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted) is { } job
            ? TypedResults.Ok(await views.WithImagesAsync(job, context.RequestAborted))
            : ApiErrors.NotFound("Job not found");

    private static async Task<IResult> PreviewAsync(string id, HttpContext context, IJobQueries queries, RunningJobs running, NodeCalls nodes)
    {
        context.Response.Headers.CacheControl = "no-store";
        OwnerScope scope = ApiKeys.ScopeOf(context);
        byte[]? preview = running.Find(id) is { } job ? (scope.Includes(job.Job.Owner) ? job.Preview() : null)
            : NodeCalls.IsFromNode(context.Request) || await queries.StatusAsync(id, scope, context.RequestAborted) != JobStatus.Processing ? null
            : await nodes.PreviewAsync(id, context.RequestAborted);
        return preview is not null ? Results.Bytes(preview, "image/webp") : ApiErrors.NotFound("There is no preview of this job now");
    }

    private static async Task<Results<Ok<CancelledResponse>, NotFound<ErrorResponse>>> CancelAsync(string id, HttpContext context, JobQueue queue, IJobQueries queries, QueueViews views)
    {
        OwnerScope scope = ApiKeys.ScopeOf(context);
        if (!await queue.CancelAsync(id, scope, context.RequestAborted))
        {
            string? status = await queries.StatusAsync(id, scope, context.RequestAborted);
            return ApiErrors.NotFound("Job not found or cannot be cancelled", status is null ? null : $"The job is {status}");
        }

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        enough.CancelAfter(CancelWait);
        Job? job;
        try
        {
            job = await queue.WaitForEndAsync(id, enough.Token);
        }
        catch (OperationCanceledException)
        {
            job = await queries.FindAsync(id, scope, context.RequestAborted);
        }

        return job is null
            ? ApiErrors.NotFound("Job not found or cannot be cancelled")
            // It may have finished before the engine saw the cancel.
            : TypedResults.Ok(new CancelledResponse(job.Status != JobStatus.Completed, await views.OfAsync(job, context.RequestAborted)));
    }

    private static async Task<Ok<CancelledAllResponse>> CancelAllAsync(HttpContext context, JobQueue queue)
    {
        OwnerScope scope = new RequestQuery(context.Request).Flag("mine") ? OwnerScope.Only(ApiKeys.OwnerOf(context)) : ApiKeys.ScopeOf(context);
        return TypedResults.Ok(new CancelledAllResponse(Success: true, await queue.CancelAllAsync(scope, context.RequestAborted)));
    }

    private static async Task<Results<Ok<JobView>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> ChangeAsync(string id, HttpContext context, JobQueue queue, IJobQueries queries, QueueViews views)
    {
        (CancellationToken left, OwnerScope scope) = (context.RequestAborted, ApiKeys.ScopeOf(context));
        RequestBody body = await RequestBody.ReadAsync(context.Request, left);
        var fields = new RequestFields(body.Fields);
        long? priority = fields.Integer(-MaxPriority, MaxPriority, "priority");
        string? before = fields.Text("before"), after = fields.Text("after");
        if (new object?[] { priority, before, after }.Count(given => given is not null) != 1)
            fields.Refuse("priority", "Send exactly one of priority, before or after");
        string name = before is null ? "after" : "before";
        string? other = before ?? after;
        if (other == id)
            fields.Refuse(name, $"{name} is the job itself; name another waiting job");
        fields.ThrowIfRefused();
        if (other is null)
            return await ChangedAsync(await queue.SetPriorityAsync(id, scope, (int)priority!.Value, left), id, "Only a waiting job has a priority", context, queries, views);
        Job? moved = await queue.MoveAsync(id, other, after: after is not null, scope, left);
        return moved is null && await queries.StatusAsync(id, scope, left) == JobStatus.Pending
            ? ApiErrors.Conflict($"{name} is '{RequestFields.Shown(other)}', which is not a waiting job")
            : await ChangedAsync(moved, id, "Only a waiting job has a position", context, queries, views);
    }

    private static async Task<Results<Ok<JobView>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> RetryAsync(string id, HttpContext context, JobQueue queue, IJobQueries queries, QueueViews views) => await ChangedAsync(
        await queue.RetryAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted), id, "Only a failed or cancelled job can be tried again", context, queries, views);

    private static async Task<Results<Ok<JobView>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> ChangedAsync(Job? job, string id, string rule, HttpContext context, IJobQueries queries, QueueViews views)
    {
        if (job is not null)
            return TypedResults.Ok(await views.OfAsync(job, context.RequestAborted));
        return await queries.StatusAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted) is { } status
            ? ApiErrors.Conflict($"{rule}; this one is {status}")
            : ApiErrors.NotFound("Job not found");
    }

    private static async Task<Ok<PausedResponse>> PauseAsync(JobQueue queue, bool paused, CancellationToken left)
    {
        await queue.SetPausedAsync(paused, left);
        return TypedResults.Ok(new PausedResponse(Success: true, paused));
    }

    private static async Task<QueueStats> StatsAsync(HttpContext context, IJobQueries queries)
    {
        IReadOnlyDictionary<string, long> counts = await queries.StatsAsync(ApiKeys.ScopeOf(context), context.RequestAborted);
        return new QueueStats(
            counts.GetValueOrDefault(JobStatus.Pending), counts.GetValueOrDefault(JobStatus.Processing), counts.GetValueOrDefault(JobStatus.Completed),
            counts.GetValueOrDefault(JobStatus.Failed), counts.GetValueOrDefault(JobStatus.Cancelled));
    }
}
