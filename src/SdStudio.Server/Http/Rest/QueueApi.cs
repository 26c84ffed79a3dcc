using System.Text.Json;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

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
        queue.MapGet("", List).Gives<QueueResponse>(Group, "Jobs, newest first, with statistics", 400)
            .Asks(("status", "pending, processing, completed, failed or cancelled"), ("type", "generate, edit, variation or upscale"), ("model", "A model's id"), ("q", "Text within the prompt; search is the same"), ("limit", "At most so many"), ("offset", "Leave out so many"));
        queue.MapGet("/stats", (JobQueries lists) => Results.Json(Stats(lists), ApiJson.Readable.QueueStats)).Gives<QueueStats>(Group, "How many jobs each status has");
        queue.MapGet("/{id}", Get).Gives<JobView>(Group, "A job with its progress, place in line and pictures", 404);
        queue.MapGet("/{id}/preview", Preview).GivesFile(Group, "What a running job looks like now", "image/webp", 404);
        queue.MapDelete("/{id}", CancelAsync).Gives<CancelledResponse>(Group, "Ends a waiting job at once, a running one at the engine's next step", 404);
        queue.MapPatch("/{id}", ChangeAsync).Accepts<PlaceBody>("application/json")
            .Gives<JobView>(Group, "Gives a waiting job another priority, or puts it before or after another one", 400, 404, 409).WithMetadata(new RequestExample("""{"priority":5}"""));
        queue.MapPost("/{id}/retry", Retry).Gives<JobView>(Group, "Tries a failed or cancelled job again", 404, 409);
        queue.MapPost("/cancel-all", CancelAll).Gives<CancelledAllResponse>(Group, "Ends every waiting and running job")
            .Asks(("mine", "true: only those of this API key"));
        queue.MapPost("/pause", (JobQueue jobs) => Pause(jobs, paused: true)).Gives<PausedResponse>(Group, "Begins no more jobs; the running one goes on");
        queue.MapPost("/resume", (JobQueue jobs) => Pause(jobs, paused: false)).Gives<PausedResponse>(Group, "Begins jobs again");
    }

    private static IResult List(HttpRequest request, JobQueries lists, QueueViews views, JobQueue queue, QueueSnapshots snapshots)
    {
        var query = new RequestQuery(request);
        var filter = new JobFilter(
            query.OneOf(JobStatus.All, "status"), query.OneOf(JobType.All, "type"), query.Text("model"), query.Text("q") ?? query.Text("search"));
        int limit = query.Integer("limit", DefaultLimit, 1, 1000);
        int offset = query.Integer("offset", 0, 0, int.MaxValue);
        return Results.Bytes(
            snapshots.Get(request.QueryString.Value ?? "", () => JsonSerializer.SerializeToUtf8Bytes(
                new QueueResponse(views.Of(lists.List(filter, limit, offset)), Stats(lists), lists.Count(filter), limit, offset, queue.IsPaused),
                ApiJson.Readable.QueueResponse)),
            "application/json; charset=utf-8");
    }

    private static IResult Get(string id, JobQueries lists, ImageRepository images, QueueViews views) => lists.Find(id) is { } job
        ? Results.Json(views.Of(job) with { Images = [.. images.Of(id).Select(ImageView.Of)] }, ApiJson.Readable.JobView)
        : ApiErrors.NotFound("Job not found");

    private static IResult Preview(string id, HttpResponse response, JobQueue queue)
    {
        response.Headers.CacheControl = "no-store";
        return queue.Running(id)?.Preview() is { } picture ? Results.Bytes(picture, "image/webp") : ApiErrors.NotFound("There is no preview of this job now");
    }

    private static async Task<IResult> CancelAsync(string id, HttpContext context, JobQueue queue, JobQueries lists, QueueViews views)
    {
        if (!queue.Cancel(id))
        {
            string? status = lists.Find(id)?.Status;
            return ApiErrors.Json(
                StatusCodes.Status404NotFound, "Job not found or cannot be cancelled", status is null ? null : $"The job is {status}");
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
            job = lists.Find(id);
        }

        return job is null
            ? ApiErrors.NotFound("Job not found or cannot be cancelled")
            // It may have been drawn to its end before the engine heard of it.
            : Results.Json(new CancelledResponse(job.Status != JobStatus.Completed, views.Of(job)), ApiJson.Readable.CancelledResponse);
    }

    private static IResult CancelAll(HttpContext context, JobQueue queue)
    {
        string? owner = new RequestQuery(context.Request).Flag("mine") ? ApiKeys.OwnerOf(context) : null;
        return Results.Json(new CancelledAllResponse(Success: true, queue.CancelAll(owner)), ApiJson.Readable.CancelledAllResponse);
    }

    private static async Task<IResult> ChangeAsync(string id, HttpRequest request, JobQueue queue, JobQueries lists, QueueViews views)
    {
        RequestBody body = await RequestBody.ReadAsync(request, request.HttpContext.RequestAborted);
        var fields = new RequestFields(body.Fields);
        long? priority = fields.Integer(-MaxPriority, MaxPriority, "priority");
        string? before = fields.Text("before"), after = fields.Text("after");
        if (new object?[] { priority, before, after }.Count(given => given is not null) != 1)
            fields.Refuse("priority", "Send one of priority, before and after");
        fields.ThrowIfRefused();
        if (priority is not null)
            return Changed(queue.SetPriority(id, (int)priority.Value), id, "Only a waiting job has a priority", lists, views);
        string other = (before ?? after)!;
        Job? moved = queue.Move(id, other, after: after is not null);
        return moved is null && lists.Find(id) is { Status: JobStatus.Pending }
            ? ApiErrors.Json(StatusCodes.Status409Conflict, $"{(before is null ? "after" : "before")} is '{RequestFields.Shown(other)}', which is not a waiting job")
            : Changed(moved, id, "Only a waiting job has a place in line", lists, views);
    }

    private static IResult Retry(string id, JobQueue queue, JobQueries lists, QueueViews views) =>
        Changed(queue.Retry(id), id, "Only a failed or cancelled job can be tried again", lists, views);

    private static IResult Changed(Job? job, string id, string rule, JobQueries lists, QueueViews views)
    {
        if (job is not null)
            return Results.Json(views.Of(job), ApiJson.Readable.JobView);
        return lists.Find(id) is { } other
            ? ApiErrors.Json(StatusCodes.Status409Conflict, $"{rule}; this one is {other.Status}")
            : ApiErrors.NotFound("Job not found");
    }

    private static IResult Pause(JobQueue queue, bool paused)
    {
        queue.SetPaused(paused);
        return Results.Json(new PausedResponse(Success: true, queue.IsPaused), ApiJson.Readable.PausedResponse);
    }

    private static QueueStats Stats(JobQueries lists)
    {
        Dictionary<string, long> counts = lists.Counts();
        return new QueueStats(
            counts.GetValueOrDefault(JobStatus.Pending), counts.GetValueOrDefault(JobStatus.Processing), counts.GetValueOrDefault(JobStatus.Completed),
            counts.GetValueOrDefault(JobStatus.Failed), counts.GetValueOrDefault(JobStatus.Cancelled));
    }
}

/// <summary>Jobs with what only the moment knows: progress, place in line, time left.</summary>
internal sealed class QueueViews(JobQueue queue, JobQueries lists, StudioState state, EngineHost engine)
{
    public JobView Of(Job job) => Of([job])[0];

    public List<JobView> Of(List<Job> jobs)
    {
        if (!jobs.Exists(job => job.Status == JobStatus.Pending))
            return [.. jobs.Select(Now)];
        IReadOnlyList<WaitingJob> order = queue.Order();
        Dictionary<string, int> positions = order.Select((waiting, index) => (waiting.Id, index)).ToDictionary();
        return [.. jobs.Select(job => positions.TryGetValue(job.Id, out int index) && job.Status == JobStatus.Pending
            ? JobView.Of(job) with { Position = index + 1, WaitingFor = Reason(index), Eta = Eta(job, order, index) }
            : Now(job))];
    }

    private JobView Now(Job job)
    {
        if (job.Status != JobStatus.Processing)
            return JobView.Of(job);
        RunningJob? running = queue.Running(job.Id);
        // Its row was read before it ended: progress would seem to go back.
        return running is null ? JobView.Of(lists.Find(job.Id) ?? job) : JobView.Of(job, running);
    }

    private string Reason(int index) =>
        queue.IsPaused ? "the queue is paused"
        : engine.Ready.IsFaulted ? "the engine could not be loaded"
        : !engine.Ready.IsCompleted ? "the engine is loading"
        : index == 0 ? "it is next" : index == 1 ? "1 job is before it" : $"{index} jobs are before it";

    // Known only when every model before it was measured; a job before it is taken to be like this one, save for its model.
    private double? Eta(Job job, IReadOnlyList<WaitingJob> order, int index)
    {
        if (queue.IsPaused || state.CostsOf(JobQueue.CostKey(job.Settings)) is not { } costs)
            return null;
        double running = queue.AllRunning.Sum(other => other.Progress.RemainingMs);
        double own = costs.Predict(job.Settings, warm: true).Sum();
        int loads = order.Take(index + 1).Zip(order.Take(index + 1).Skip(1)).Count(pair => pair.First.Model != pair.Second.Model);
        return Math.Round((running + (own * (index + 1)) + (costs.LoadMs * loads)) / 1000, 1);
    }
}
