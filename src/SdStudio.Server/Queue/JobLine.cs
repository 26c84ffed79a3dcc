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
    // Ageing moves slowly.
    private const long MaxAgeMs = 1000;

    // Other processes tell what they do. Those of an older version do not tell all of it.
    private const long MaxSharedAgeMs = 10_000;
    private const int MaxNews = 10_000;
    private readonly Lock _lock = new();
    private readonly List<(long Change, LineNews News)> _news = [];
    private Known? _known;
    private Sorted? _sorted;
    private long _changes;
    private long _unknown;

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
        // Where others put jobs into it too, each is told to all in the order of the commits.
        if (!state.IsShared)
            Hear(new LineNews { Came = WaitingJob.Of(job) });
    }

    /// <summary>A worker of this process has begun a job.</summary>
    public void Claimed(Job job) => Hear(LineNews.Begun(job, turn: null));

    /// <summary>Somebody tells what has happened to one waiting job.</summary>
    public void Hear(LineNews news)
    {
        bool isPaused;
        lock (_lock)
        {
            // Workers look when the queue goes on.
            isPaused = _known is { Waiting.IsPaused: true } known && IsComplete(known);
            // Nobody has asked for the line for long, as while the queue is paused: whoever asks has the rows read.
            if (_news.Count >= MaxNews)
            {
                _news.Clear();
                _unknown = ++_changes;
            }

            _news.Add((++_changes, news));
        }

        if (news.Came is not null && !isPaused)
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
            _unknown = ++_changes;
    }

    /// <summary>A job has changed that does not wait.</summary>
    public void Ended()
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
                return _known = WithNews(known);
            changes = _changes;
        }

        // The version first: what changes meanwhile makes the answer old, or is added to it.
        WaitingJobs waiting = await queries.WaitingAsync(cancellation).ConfigureAwait(false);
        var read = new Known(waiting, waiting.Jobs.Select(job => job.Number).DefaultIfEmpty().Max(), changes, Now);
        lock (_lock)
        {
            _news.RemoveAll(told => told.Change <= changes);
            return _known = WithNews(read);
        }
    }

    // Nothing happened since but what was told.
    private bool IsComplete(Known known) => known.Changes >= _unknown && (!state.IsShared || Now - known.At <= MaxSharedAgeMs);

    private Known WithNews(Known known)
    {
        if (_news.Count == 0)
            return known;
        var served = new Dictionary<string, long>(known.Waiting.Served, StringComparer.Ordinal);
        List<WaitingJob> jobs = [.. known.Waiting.Jobs];
        long highest = known.Highest;
        foreach (LineNews news in _news.Select(told => told.News))
        {
            if (news.Came is { } job)
            {
                // Each comes behind all the others; who is told of first need not have come first, and whoever has read the rows may have seen it.
                if (job.Number > highest)
                    jobs.Add(job);
                else
                    Insert(jobs, job);
                highest = Math.Max(highest, job.Number);
            }
            // Whoever has read the rows may have seen that it is gone.
            else if (jobs.FindIndex(other => other.Number == news.Left) is >= 0 and var at)
                jobs.RemoveAt(at);
            if (news.Owner is { } owner)
                served[owner] = Math.Max(served.GetValueOrDefault(owner), news.Turn ?? served.Values.DefaultIfEmpty().Max() + 1);
        }

        _news.Clear();
        return known with { Highest = highest, Waiting = new WaitingJobs(jobs, known.Waiting.IsPaused, served) };
    }

    private static void Insert(List<WaitingJob> jobs, WaitingJob job)
    {
        if (jobs.Exists(other => other.Number == job.Number))
            return;
        int at = jobs.Count;
        while (at > 0 && jobs[at - 1].Number > job.Number)
            at--;
        jobs.Insert(at, job);
    }

    /// <param name="Waiting">The rows.</param>
    /// <param name="Highest">The highest number among them, or among those that have left since.</param>
    /// <param name="Changes">The change up to which they were read; what was told since is in them too.</param>
    /// <param name="At">When they were read, Unix milliseconds.</param>
    private sealed record Known(WaitingJobs Waiting, long Highest, long Changes, long At);

    private sealed record Sorted(Known Known, JobOrder Order, int Models, long At);
}
