using System.Collections.Concurrent;

namespace SdStudio.Server.Queue;

/// <summary>Those who wait for jobs to end.</summary>
internal sealed class JobWaiters(IJobQueries queries)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Job?>> _waiters = new(StringComparer.Ordinal);

    /// <summary>Waits until a job has ended.</summary>
    /// <returns>How it ended; null when there is no such job any more.</returns>
    public async Task<Job?> WaitForEndAsync(string id, CancellationToken cancellation)
    {
        TaskCompletionSource<Job?> ended = _waiters.GetOrAdd(id, _ => new TaskCompletionSource<Job?>(TaskCreationOptions.RunContinuationsAsynchronously));
        // It may have ended before anybody waited.
        string? status = await queries.StatusAsync(id, OwnerScope.All, cancellation).ConfigureAwait(false);
        if (status is null || JobStatus.IsFinal(status))
            Release(id, await queries.FindAsync(id, OwnerScope.All, cancellation).ConfigureAwait(false));
        return await ended.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Looks whether a job that somebody waits for has ended in another process.</summary>
    public async Task RecheckAsync(string id, CancellationToken cancellation)
    {
        if (_waiters.ContainsKey(id) && await queries.FindAsync(id, OwnerScope.All, cancellation).ConfigureAwait(false) is var job && (job is null || JobStatus.IsFinal(job.Status)))
            Release(id, job);
    }

    /// <summary>The same for every job that somebody waits for.</summary>
    public async Task RecheckAllAsync(CancellationToken cancellation)
    {
        foreach (string id in _waiters.Keys)
            await RecheckAsync(id, cancellation).ConfigureAwait(false);
    }

    /// <summary>A job has ended.</summary>
    public void Release(string id, Job? job)
    {
        if (_waiters.TryRemove(id, out TaskCompletionSource<Job?>? waiter))
            waiter.SetResult(job);
    }
}
