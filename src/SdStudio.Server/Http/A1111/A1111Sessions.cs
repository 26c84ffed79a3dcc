using System.Collections.Concurrent;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary>
/// Whose jobs those are that came under <c>/sdapi</c>: an interrupt stops its caller's and nobody else's. A caller is known by the
/// API key; without keys by address and program.
/// </summary>
internal sealed partial class A1111Sessions(JobQueue queue, RunningJobs running, IHostApplicationLifetime lifetime, ILogger<A1111Sessions> logger)
{
    private readonly ConcurrentDictionary<string, Asked> _jobs = new(StringComparer.Ordinal);
    private long _count;

    /// <summary>
    /// A request asked for a job. It is remembered until the job ends, not until the request does: SillyTavern hangs up first and
    /// interrupts then.
    /// </summary>
    public void Remember(HttpContext context, string jobId, string? taskId)
    {
        _jobs[jobId] = new Asked(jobId, CallerOf(context), taskId, Interlocked.Increment(ref _count));
        _ = ForgetAtEndAsync(jobId);
    }

    /// <summary>Ends the caller's running job; with none running its oldest.</summary>
    /// <param name="context">The caller's request.</param>
    /// <param name="taskId">The <c>force_task_id</c> of the job to end; null for any.</param>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> InterruptAsync(HttpContext context, string? taskId)
    {
        string caller = CallerOf(context);
        Asked? job = _jobs.Values
            .Where(job => job.Caller == caller && (taskId is null || job.TaskId == taskId))
            .OrderBy(job => running.Find(job.JobId) is null).ThenBy(job => job.Number).FirstOrDefault();
        return job is not null && await queue.CancelAsync(job.JobId, OwnerScope.All, context.RequestAborted);
    }

    /// <summary>The running job that a caller may see grow: its own, else the oldest.</summary>
    public RunningJob? RunningFor(HttpContext context)
    {
        string caller = CallerOf(context);
        OwnerScope scope = ApiKeys.ScopeOf(context);
        return running.All.Where(job => scope.Includes(job.Job.Owner)).OrderBy(job => _jobs.GetValueOrDefault(job.Job.Id)?.Caller == caller ? 0 : 1).ThenBy(job => job.Job.Number).FirstOrDefault();
    }

    private static string CallerOf(HttpContext context) => ApiKeys.OwnerOf(context) is { Length: > 0 } owner
        ? $"key {owner}"
        : $"{context.Connection.RemoteIpAddress} {context.Request.Headers.UserAgent}";

    private async Task ForgetAtEndAsync(string jobId)
    {
        try
        {
            await queue.WaitForEndAsync(jobId, lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException)
        {
            // The server stops; the next one knows no callers.
        }
        catch (Exception exception)
        {
            LogForgotten(exception, jobId);
        }

        _jobs.TryRemove(jobId, out _);
    }

    private sealed record Asked(string JobId, string Caller, string? TaskId, long Number);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} can no longer be interrupted by its caller")]
    private partial void LogForgotten(Exception exception, string job);
}
