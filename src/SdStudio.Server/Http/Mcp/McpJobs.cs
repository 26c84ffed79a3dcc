using System.Globalization;
using System.Text.Json;
using ModelContextProtocol.Protocol;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Mcp;

/// <summary>The tools that add jobs, look at them and cancel them.</summary>
internal sealed class McpJobs(
    JobSubmission submission, ClientModels models, VideoModels videos, JobQueue queue, IJobQueries queries, QueueViews views, McpImages images)
{
    private const string WaitField = "wait_seconds";
    private const int MaxWaitSeconds = 300;

    // Hosts give up after a minute or less.
    private const int UsualWaitSeconds = 25;
    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Adds a job and waits for it as long as its caller wants.</summary>
    public async Task<CallToolResult> AddAsync(string type, McpCall call)
    {
        if (!JobRateLimit.Allows(call.Http))
            throw new BadRequestException("Too many jobs in a minute; wait and try again", statusCode: StatusCodes.Status429TooManyRequests);
        Dictionary<string, JsonElement> given = call.Arguments;
        TimeSpan wait = WaitOf(given);
        given.Remove(WaitField);
        ParameterLimits now = await submission.Limits.ReadyAsync(type, call.Left);
        if (type is JobType.Generate or JobType.Video && !new RequestFields(given).IsGiven("model"))
            given["model"] = JsonSerializer.SerializeToElement(UsualFor(type).Id, ApiJson.Readable.String);
        var body = new RequestBody(given, RequestBody.TakeEncodedFiles(given));
        var fields = new RequestFields(given);
        using RequestInputs? inputs = await submission.Images.ReadAsync(type, body, fields, call.Scope, call.Left);
        Job job = await submission.AcceptAsync(call.Http.Request, new GenerateCommand(type, body, fields, inputs) { Notes = IgnoredFields.Of(body, type) }, now, call.Left);
        return await AnswerAsync(await WaitAsync(job, wait, call), call, isOwn: true);
    }

    public async Task<CallToolResult> GetAsync(McpCall call)
    {
        Job job = await FindAsync(call);
        return await AnswerAsync(await WaitAsync(job, call.Arguments.ContainsKey(WaitField) ? WaitOf(call.Arguments) : TimeSpan.Zero, call), call, isOwn: false);
    }

    public async Task<CallToolResult> CancelAsync(McpCall call)
    {
        Job job = await FindAsync(call);
        if (!await queue.CancelAsync(job.Id, call.Scope, call.Left))
            throw new BadRequestException($"Job {job.Id} is {job.Status} and cannot be cancelled");
        return await AnswerAsync(await WaitAsync(job, TimeSpan.FromSeconds(5), call), call, isOwn: false);
    }

    private ModelDefinition UsualFor(string type) => type == JobType.Video
        ? videos.Usual ?? throw ClientModels.NoneMakesVideos(videos)
        : models.DefaultTextToImage ?? throw models.NoneCanBeUsed();

    private async Task<Job> FindAsync(McpCall call)
    {
        string id = call.Required("job_id");
        return await queries.FindAsync(id, call.Scope, call.Left) ?? throw new BadRequestException($"There is no job '{RequestFields.Shown(id)}'");
    }

    private static TimeSpan WaitOf(Dictionary<string, JsonElement> given)
    {
        var fields = new RequestFields(given);
        long seconds = fields.Integer(0, MaxWaitSeconds, WaitField) ?? UsualWaitSeconds;
        fields.ThrowIfRefused();
        return TimeSpan.FromSeconds(seconds);
    }

    private async Task<Job> WaitAsync(Job job, TimeSpan wait, McpCall call)
    {
        if (JobStatus.IsFinal(job.Status))
            return job;
        await call.TellAsync(0, $"Job {job.Id}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(call.Left);
        limit.CancelAfter(wait);
        Task<Job?> end = queue.WaitForEndAsync(job.Id, limit.Token);
        double told = 0;
        while (!limit.IsCancellationRequested && await Task.WhenAny(end, Task.Delay(TellEvery, limit.Token)) != end)
        {
            if (await queries.FindAsync(job.Id, OwnerScope.All, call.Left) is not { } now)
                break;
            JobView view = await views.OfAsync(now, call.Left);
            if (view.Progress <= told)
                continue;
            told = view.Progress;
            await call.TellAsync(told, $"Job {job.Id}: {view.Phase ?? view.Status}");
        }

        try
        {
            return await end ?? job;
        }
        catch (OperationCanceledException) when (!call.Left.IsCancellationRequested)
        {
            return await queries.FindAsync(job.Id, OwnerScope.All, call.Left) ?? job;
        }
    }

    // The job first, then small images for hosts that show them, and links to the whole ones for those that do not.
    private async Task<CallToolResult> AnswerAsync(Job job, McpCall call, bool isOwn)
    {
        IReadOnlyList<JobImage> made = await queries.ImagesAsync(job.Id, call.Scope, call.Left);
        JobView view = await views.OfAsync(job, call.Left);
        var answer = new McpJobAnswer(
            job.Id, job.Status, job.Settings.Type, job.Settings.Model, view.Progress, view.Position, view.Eta, ErrorOf(job), job.Settings.Notes,
            [.. made.Select(image => McpImageAnswer.Of(image, call))]);
        return new CallToolResult
        {
            IsError = isOwn && job.Status is JobStatus.Failed,
            StructuredContent = JsonSerializer.SerializeToElement(answer, ApiJson.Readable.McpJobAnswer),
            Content = [new TextContentBlock { Text = SentenceOf(answer) }, .. await images.BlocksAsync(made, call)],
        };
    }

    private static string? ErrorOf(Job job) => job.Status == JobStatus.Failed ? JobProblem.OfEnded(job)?.Text ?? job.Error : null;

    private static string SentenceOf(McpJobAnswer answer) => answer.Status switch
    {
        JobStatus.Completed => $"Job {answer.JobId} is completed: {string.Join(' ', answer.Images.Select(image => image.Url))}",
        JobStatus.Failed => $"Job {answer.JobId} failed: {answer.Error}",
        JobStatus.Cancelled => $"Job {answer.JobId} is cancelled",
        _ => string.Create(CultureInfo.InvariantCulture, $"Job {answer.JobId} is {answer.Status}, {answer.Progress:P0}. Call get_job with this id for its images"),
    };
}
