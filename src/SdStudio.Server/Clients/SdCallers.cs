using System.Collections.Concurrent;
using SdStudio.Server.Jobs;
using SdStudio.Server.Security;

namespace SdStudio.Server.Clients;

/// <summary>
/// Whose jobs the requests under <c>/sdapi</c> wait for: an interrupt stops its caller's and nobody else's. A caller is known by the
/// API key; without keys by address and program.
/// </summary>
internal sealed class SdCallers(JobQueue queue)
{
    private readonly ConcurrentDictionary<string, Waiting> _jobs = new(StringComparer.Ordinal);
    private long _count;

    /// <summary>A request waits for a job until the result is disposed.</summary>
    public IDisposable Enter(HttpContext context, string jobId, string? taskId)
    {
        _jobs[jobId] = new Waiting(jobId, CallerOf(context), taskId, Interlocked.Increment(ref _count));
        return new Stay(this, jobId);
    }

    /// <summary>Ends the caller's running job; with none running the one it has waited for longest.</summary>
    /// <param name="context">The caller's request.</param>
    /// <param name="taskId">The <c>force_task_id</c> of the job to end; null for any.</param>
    /// <returns>Whether there was one.</returns>
    public bool Interrupt(HttpContext context, string? taskId)
    {
        string caller = CallerOf(context);
        Waiting? job = _jobs.Values
            .Where(job => job.Caller == caller && (taskId is null || job.TaskId == taskId))
            .OrderBy(job => queue.Running(job.JobId) is null).ThenBy(job => job.Number).FirstOrDefault();
        return job is not null && queue.Cancel(job.JobId);
    }

    /// <summary>The running job that a caller may see grow: its own, else the oldest.</summary>
    public RunningJob? RunningFor(HttpContext context)
    {
        string caller = CallerOf(context);
        return queue.AllRunning.OrderBy(running => _jobs.GetValueOrDefault(running.Job.Id)?.Caller == caller ? 0 : 1).ThenBy(running => running.Job.Number).FirstOrDefault();
    }

    private static string CallerOf(HttpContext context) => ApiKeys.OwnerOf(context) is { Length: > 0 } owner
        ? $"key {owner}"
        : $"{context.Connection.RemoteIpAddress} {context.Request.Headers.UserAgent}";

    private sealed record Waiting(string JobId, string Caller, string? TaskId, long Number);

    private sealed class Stay(SdCallers callers, string jobId) : IDisposable
    {
        public void Dispose() => callers._jobs.TryRemove(jobId, out _);
    }
}
