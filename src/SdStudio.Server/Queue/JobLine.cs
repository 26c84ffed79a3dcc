using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Queue;

/// <summary>The waiting jobs as they would run from now on.</summary>
/// <param name="Jobs">The next one first.</param>
/// <param name="IsPaused">Whether none may begin.</param>
internal sealed record JobOrder(IReadOnlyList<WaitingJob> Jobs, bool IsPaused);

/// <summary>
/// Knows the order of the waiting jobs. Their rows are read when something has changed that is not known here: neither whoever polls a long
/// queue nor a job that comes has all of them read.
/// </summary>
internal sealed class JobLine(
    IJobQueries queries, IWarmModels warm, IQueueSignal signal, ISharedState state, IOptions<StudioOptions> options, TimeProvider time)
{
    // Ageing moves slowly. What other processes write may be told late.
    private const long MaxAgeMs = 1000;
    private readonly Lock _lock = new();
    private readonly List<(long Change, WaitingJob Job)> _added = [];
    private Known? _known;
    private Sorted? _sorted;
    private long _changes;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Grows with every change of the queue.</summary>
    public long Version => Interlocked.Read(ref _changes);

    public async ValueTask<JobOrder> OrderAsync(CancellationToken cancellation)
    {
        (Known known, int models, long now) = (await KnownAsync(cancellation).ConfigureAwait(false), warm.Version, Now);
        if (Volatile.Read(ref _sorted) is { } seen && ReferenceEquals(seen.Known, known) && seen.Models == models && now - seen.At <= MaxAgeMs)
            return seen.Order;
        WaitingJobs waiting = known.Waiting;
        var order = new JobOrder(JobScheduler.Of(waiting.Jobs, warm.IsWarm, waiting.Served, now, options.Value.Queue), waiting.IsPaused);
        Volatile.Write(ref _sorted, new Sorted(known, order, models, now));
        return order;
    }

    /// <summary>The waiting jobs that a device can run, as it would run them from now on; none while the queue is paused.</summary>
    public async ValueTask<IReadOnlyList<WaitingJob>> ForAsync(IJobDevice device, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_known is { Waiting.IsPaused: true } known && IsComplete(known))
                return [];
        }

        WaitingJobs waiting = (await KnownAsync(cancellation).ConfigureAwait(false)).Waiting;
        if (waiting.IsPaused || waiting.Jobs.Where(device.CanRun).ToList() is not { Count: > 0 } jobs)
            return [];
        return JobScheduler.Of(jobs, device.IsWarm, waiting.Served, Now, options.Value.Queue);
    }

    /// <summary>A job was put into the queue: a worker may have something to do.</summary>
    public void Added(Job job)
    {
        // What others have put into it meanwhile is read with it.
        if (state.IsShared)
        {
            Changed();
            return;
        }

        lock (_lock)
            _added.Add((++_changes, WaitingJob.Of(job)));
        signal.Ring();
    }

    /// <summary>A row of the queue has changed: a worker may have something to do.</summary>
    public void Changed()
    {
        Forget();
        signal.Ring();
    }

    /// <summary>The same, when nobody need look for work.</summary>
    public void Forget()
    {
        lock (_lock)
            _changes++;
    }

    private async ValueTask<Known> KnownAsync(CancellationToken cancellation)
    {
        long changes;
        lock (_lock)
        {
            if (_known is { } known && IsComplete(known))
                return _known = _added.Count == 0 ? known : WithAdded(known);
            changes = _changes;
        }

        // The version first: what changes meanwhile makes the answer old.
        var read = new Known(await queries.WaitingAsync(cancellation).ConfigureAwait(false), changes, Now);
        lock (_lock)
        {
            _added.RemoveAll(added => added.Change <= changes);
            return _known = read;
        }
    }

    // Nothing happened since but that jobs came.
    private bool IsComplete(Known known) => known.Changes + _added.Count == _changes && (!state.IsShared || Now - known.At <= MaxAgeMs);

    private Known WithAdded(Known known)
    {
        long seen = known.Waiting.Jobs.Select(job => job.Number).DefaultIfEmpty().Max();
        List<WaitingJob> jobs = new(known.Waiting.Jobs.Count + _added.Count);
        jobs.AddRange(known.Waiting.Jobs);
        foreach (WaitingJob job in _added.Select(added => added.Job))
        {
            // Who read the rows may have seen it.
            if (job.Number <= seen && jobs.Exists(other => other.Number == job.Number))
                continue;
            // Each comes behind all the others; who is told of first need not have come first.
            int at = jobs.Count;
            while (at > 0 && jobs[at - 1].Number > job.Number)
                at--;
            jobs.Insert(at, job);
        }

        _added.Clear();
        return new Known(known.Waiting with { Jobs = jobs }, _changes, known.At);
    }

    /// <param name="Waiting">The rows.</param>
    /// <param name="Changes">The version of the queue that they are of.</param>
    /// <param name="At">When they were read, Unix milliseconds.</param>
    private sealed record Known(WaitingJobs Waiting, long Changes, long At);

    private sealed record Sorted(Known Known, JobOrder Order, int Models, long At);
}
