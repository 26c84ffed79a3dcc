using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using SdStudio.Server.Generation;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Queue;

/// <summary>Accepts jobs, hands them to workers, ends them, and releases and tells those who wait for them. The rows in the store are the truth.</summary>
internal sealed class JobQueue(
    IJobStore store, JobLine line, RunningJobs running, IJobQueries queries, ISharedState state, JobEvents events, IOptions<StudioOptions> options)
{
    // As many candidates as one claim looks at: more are taken by others at the same time only in a crowd of workers.
    private const int Lookahead = 32;

    private readonly ConcurrentDictionary<string, TaskCompletionSource<Job?>> _waiters = new(StringComparer.Ordinal);

    private int MaxWaiting => options.Value.Queue.MaxWaiting;

    /// <summary>Puts a job into the queue: it is on disk when this ends.</summary>
    /// <exception cref="QueueFullException">As many jobs wait as may.</exception>
    /// <exception cref="IdempotencyKeyException">The key belongs to another request.</exception>
    public async ValueTask<Submitted> EnqueueAsync(string id, GenerationSettings settings, SubmitOptions submit, CancellationToken cancellation)
    {
        Submitted submitted = await store.AddAsync(new NewJob(id, settings, submit), MaxWaiting, cancellation).ConfigureAwait(false);
        if (submitted.IsNew)
        {
            events.Created(submitted.Job);
            line.Added(submitted.Job);
        }

        return submitted;
    }

    /// <summary>Gives the next job to a device; null when it can begin none.</summary>
    public async ValueTask<ClaimedJob?> ClaimAsync(string worker, IJobDevice device, CancellationToken cancellation)
    {
        while (await line.ForAsync(device, cancellation).ConfigureAwait(false) is { Count: > 0 } jobs)
        {
            List<string> candidates = [.. jobs.Take(Lookahead).Select(job => job.Id)];
            ClaimedJob? claimed = await store.ClaimAsync(worker, device.Id, candidates, cancellation).ConfigureAwait(false);
            if (claimed is not null)
            {
                line.Claimed(claimed.Job);
                return claimed;
            }

            // What is known of the line is not what it is.
            line.Forget();
        }

        return null;
    }

    /// <summary>The job that a device would begin next; null for none.</summary>
    public async ValueTask<WaitingJob?> NextAsync(IJobDevice device, CancellationToken cancellation) =>
        await line.ForAsync(device, cancellation).ConfigureAwait(false) is [{ } next, ..] ? next : null;

    /// <summary>A worker is done with a job.</summary>
    /// <param name="id">The job's.</param>
    /// <param name="job">How its row stands now; null when the job is no longer this worker's.</param>
    /// <param name="images">Those that it has.</param>
    public void End(string id, Job? job, IReadOnlyList<JobImage> images)
    {
        IReadOnlyList<JobImage> announced = running.Find(id)?.Images ?? [];
        running.End(id);
        if (job is not null && JobStatus.IsFinal(job.Status))
            line.Ended();
        else
            line.Changed();
        if (job is { Status: JobStatus.Completed })
        {
            Release(id, job);
            foreach (JobImage image in images.Except(announced))
                events.ImageCompleted(job, image);
            events.Completed(job, images);
        }
        else if (job is not null)
        {
            Publish(job, images);
        }
    }

    /// <summary>Ends a job: at once while it waits, at the engine's next step while it runs.</summary>
    /// <param name="id">The job's.</param>
    /// <param name="scope">Whose jobs the caller may end.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <param name="evenRunning">False leaves a job alone that has begun.</param>
    /// <returns>Whether there was anything to end.</returns>
    public async ValueTask<bool> CancelAsync(string id, OwnerScope scope, CancellationToken cancellation, bool evenRunning = true)
    {
        CancelRequest request = await store.RequestCancelAsync(id, scope, evenRunning, cancellation).ConfigureAwait(false);
        if (request.Ended is { } ended)
        {
            line.Hear(new LineNews { Left = ended.Number });
            Publish(ended);
            return true;
        }

        if (request.IsRunning)
            running.Cancel(id);
        return request.IsRunning;
    }

    /// <summary>Ends every waiting and running job of a scope.</summary>
    /// <returns>How many.</returns>
    public async ValueTask<int> CancelAllAsync(OwnerScope scope, CancellationToken cancellation)
    {
        IReadOnlyList<Job> waiting = await store.CancelWaitingAsync(scope, cancellation).ConfigureAwait(false);
        line.Forget();
        foreach (Job job in waiting)
            Publish(job);
        int count = waiting.Count;
        foreach (RunningJob job in running.All)
            count += await CancelAsync(job.Job.Id, scope, cancellation).ConfigureAwait(false) ? 1 : 0;
        return count;
    }

    /// <summary>Sends a failed or cancelled job to the end of the queue; null when there is none.</summary>
    /// <exception cref="QueueFullException">As many jobs wait as may.</exception>
    public async ValueTask<Job?> RetryAsync(string id, OwnerScope scope, CancellationToken cancellation) =>
        Changed(await store.RetryAsync(id, scope, MaxWaiting, cancellation).ConfigureAwait(false));

    /// <summary>Gives a waiting job another priority; null when it does not wait.</summary>
    public async ValueTask<Job?> SetPriorityAsync(string id, OwnerScope scope, int priority, CancellationToken cancellation) =>
        Changed(await store.SetPriorityAsync(id, scope, priority, cancellation).ConfigureAwait(false));

    /// <summary>Puts a waiting job directly before or after another; null when one of them does not wait, or both are the same.</summary>
    public async ValueTask<Job?> MoveAsync(string id, string other, bool after, OwnerScope scope, CancellationToken cancellation) =>
        Changed(await store.MoveAsync(id, other, after, scope, cancellation).ConfigureAwait(false));

    public async ValueTask SetPausedAsync(bool paused, CancellationToken cancellation)
    {
        await state.SetPausedAsync(paused, cancellation).ConfigureAwait(false);
        events.Paused(paused);
        line.Changed();
    }

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

    private void Release(string id, Job? job)
    {
        if (_waiters.TryRemove(id, out TaskCompletionSource<Job?>? waiter))
            waiter.SetResult(job);
    }

    private Job? Changed(Job? job)
    {
        if (job is null)
            return null;
        line.Changed();
        Publish(job);
        return job;
    }

    private void Publish(Job job, IReadOnlyList<JobImage>? images = null)
    {
        if (JobStatus.IsFinal(job.Status))
            Release(job.Id, job);
        events.Updated(job, images);
    }
}
