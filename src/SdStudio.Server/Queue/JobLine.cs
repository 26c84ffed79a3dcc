using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Queue;

/// <summary>The waiting jobs as they would run from now on.</summary>
/// <param name="Jobs">The next one first.</param>
/// <param name="IsPaused">Whether none may begin.</param>
internal sealed record JobOrder(IReadOnlyList<WaitingJob> Jobs, bool IsPaused);

/// <summary>Knows the order of the waiting jobs. Whoever polls a long queue need not have it sorted every time.</summary>
internal sealed class JobLine(IJobQueries queries, IWarmModels warm, IQueueSignal signal, IOptions<StudioOptions> options, TimeProvider time)
{
    // Ageing moves slowly.
    private const long MaxAgeMs = 1000;
    private Sorted? _sorted;
    private long _changes;

    /// <summary>Grows with every change of the queue.</summary>
    public long Version => Interlocked.Read(ref _changes);

    public async ValueTask<JobOrder> OrderAsync(CancellationToken cancellation) => (await SortedAsync(cancellation).ConfigureAwait(false)).Order;

    /// <summary>The waiting jobs that a device can run, as it would run them from now on; none while the queue is paused.</summary>
    public async ValueTask<IReadOnlyList<WaitingJob>> ForAsync(IJobDevice device, CancellationToken cancellation)
    {
        Sorted sorted = await SortedAsync(cancellation).ConfigureAwait(false);
        if (sorted.Order.IsPaused || sorted.Order.Jobs.Count == 0)
            return [];
        List<WaitingJob> jobs = [.. sorted.Waiting.Jobs.Where(device.CanRun)];
        return JobScheduler.Of(jobs, device.IsWarm, sorted.Waiting.Served, time.GetUtcNow().ToUnixTimeMilliseconds(), options.Value.Queue);
    }

    private async ValueTask<Sorted> SortedAsync(CancellationToken cancellation)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        // Read before the rows: what changes meanwhile makes the answer old.
        (long changes, int models) = (Version, warm.Version);
        if (Volatile.Read(ref _sorted) is { } known && known.Changes == changes && known.Models == models && now - known.At <= MaxAgeMs)
            return known;
        WaitingJobs waiting = await queries.WaitingAsync(cancellation).ConfigureAwait(false);
        var order = new JobOrder(JobScheduler.Of(waiting.Jobs, warm.IsWarm, waiting.Served, now, options.Value.Queue), waiting.IsPaused);
        var sorted = new Sorted(order, waiting, changes, models, now);
        Volatile.Write(ref _sorted, sorted);
        return sorted;
    }

    /// <summary>A row of the queue has changed: a worker may have something to do.</summary>
    public void Changed()
    {
        Forget();
        signal.Ring();
    }

    /// <summary>The same, when nobody need look for work.</summary>
    public void Forget() => Interlocked.Increment(ref _changes);

    private sealed record Sorted(JobOrder Order, WaitingJobs Waiting, long Changes, int Models, long At);
}
