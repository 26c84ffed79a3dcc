using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Queue;

/// <summary>
/// Accepts jobs, hands them to the worker, ends them, and tells who waits for them. The rows in SQLite are the truth; here is only what
/// a running process has beside them.
/// </summary>
internal sealed class JobQueue
{
    private readonly JobStore _store;
    private readonly JobQueries _lists;
    private readonly StudioState _state;
    private readonly ModelCache _cache;
    private readonly JobEvents _events;
    private readonly QueueOptions _options;
    private readonly TimeProvider _time;

    private readonly Channel<bool> _doorbell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiters = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RunningJob> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _served = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private List<WaitingJob>? _order;
    private long _orderedAt;
    private long _turn;
    private int _orderedFor;

    public JobQueue(
        JobStore store, JobQueries lists, StudioState state, ModelCache cache, JobEvents events, IOptions<StudioOptions> options, TimeProvider time)
    {
        (_store, _lists, _state, _cache, _events, _options, _time) = (store, lists, state, cache, events, options.Value.Queue, time);
        IsPaused = state.IsPaused();
    }

    /// <summary>A paused queue takes jobs and begins none.</summary>
    public bool IsPaused { get; private set; }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Puts a job into the queue: it is on disk when this returns.</summary>
    /// <exception cref="QueueFullException">As many jobs wait as may.</exception>
    /// <exception cref="IdempotencyKeyException">The key belongs to another request.</exception>
    public (Job Job, bool Added) Enqueue(string id, GenerationSettings settings, SubmitOptions order)
    {
        (Job job, bool added) = _store.Add(id, settings, order, _options.MaxWaiting);
        if (added)
        {
            Changed();
            _events.Created(job);
        }

        return (job, added);
    }

    /// <summary>Waits until a job has ended.</summary>
    /// <returns>Its row; null when there is no such job any more.</returns>
    public async Task<Job?> WaitForEndAsync(string id, CancellationToken cancellation)
    {
        TaskCompletionSource ended = _waiters.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        // It may have ended before anybody waited.
        if (_lists.Find(id) is not { } job || JobStatus.IsFinal(job.Status))
            Release(id);
        await ended.Task.WaitAsync(cancellation).ConfigureAwait(false);
        return _lists.Find(id);
    }

    public RunningJob? Running(string id) => _running.GetValueOrDefault(id);

    public ICollection<RunningJob> AllRunning => _running.Values;

    /// <summary>The waiting jobs in the order they would run from now on.</summary>
    public IReadOnlyList<WaitingJob> Order()
    {
        lock (_lock)
        {
            // Ageing moves slowly; whoever polls a long queue need not sort it every time.
            if (_order is null || Now - _orderedAt > 1000 || _orderedFor != _cache.Version)
            {
                (_orderedAt, _orderedFor) = (Now, _cache.Version);
                _order = JobScheduler.Of(_lists.Waiting(), _cache.IsWarm, _served, _orderedAt, _options);
            }

            return _order;
        }
    }

    /// <summary>Gives the next job to the worker; null when none may begin.</summary>
    public RunningJob? Begin()
    {
        lock (_lock)
        {
            if (IsPaused)
                return null;
            // What a cancel took out meanwhile is skipped.
            while (Order() is [{ } next, ..])
            {
                Job? job = _store.Claim(next.Id);
                _order = null;
                if (job is null)
                    continue;
                _served[job.Owner] = ++_turn;
                ModelCosts costs = _state.CostsOf(CostKey(job.Settings)) ?? ModelCosts.Guess;
                var running = new RunningJob(job, costs.Predict(job.Settings, _cache.IsWarm(job.Settings.Model)), _time, _events.Progressed);
                _running[job.Id] = running;
                _events.Updated(job);
                return running;
            }

            return null;
        }
    }

    /// <summary>The worker is done with a job; <paramref name="job"/> is how its row stands now.</summary>
    public void End(RunningJob running, Job? job)
    {
        lock (_lock)
        {
            _running.TryRemove(running.Job.Id, out _);
            running.Dispose();
            _order = null;
        }

        if (job is not null)
            Ended(job);
        Changed();
    }

    /// <summary>Ends a job: at once while it waits, at the engine's next step while it runs.</summary>
    /// <param name="id">The job's.</param>
    /// <param name="evenRunning">False leaves a job alone that has begun.</param>
    /// <returns>Whether there was anything to end.</returns>
    public bool Cancel(string id, bool evenRunning = true)
    {
        lock (_lock)
        {
            if (_store.Cancel(id, running: false, progress: 0) is { } cancelled)
            {
                _order = null;
                Ended(cancelled);
                return true;
            }

            if (!evenRunning || !_running.TryGetValue(id, out RunningJob? running) || _store.RequestCancel(id) is null)
                return false;
            running.Cancel();
            return true;
        }
    }

    /// <summary>Ends every waiting and running job, of one owner or of all.</summary>
    /// <returns>How many.</returns>
    public int CancelAll(string? owner)
    {
        List<Job> waiting = _store.CancelWaiting(owner);
        lock (_lock)
            _order = null;
        foreach (Job job in waiting)
            Ended(job);
        return waiting.Count + _running.Values.Count(running => (owner is null || running.Job.Owner == owner) && Cancel(running.Job.Id));
    }

    /// <summary>Sends a failed or cancelled job to the end of the queue.</summary>
    public Job? Retry(string id) => Told(_store.Retry(id));

    public Job? SetPriority(string id, int priority) => Told(_store.SetPriority(id, priority));

    /// <summary>Puts a waiting job directly before or after another; null when one of them does not wait.</summary>
    public Job? Move(string id, string other, bool after) => Told(_store.Move(id, other, after));

    public void SetPaused(bool paused)
    {
        lock (_lock)
        {
            _state.SetPaused(paused);
            IsPaused = paused;
        }

        _events.Paused(paused);
        Changed();
    }

    /// <summary>Ends when a job may be waiting.</summary>
    public async Task WaitForWorkAsync(CancellationToken cancellation) =>
        await _doorbell.Reader.ReadAsync(cancellation).ConfigureAwait(false);

    /// <summary>Under which name the costs of such a job are kept.</summary>
    public static string CostKey(GenerationSettings settings) => settings.Type == JobType.Upscale ? $"upscaler:{settings.Upscaler}" : settings.Model;

    private Job? Told(Job? job)
    {
        if (job is null)
            return null;
        Changed();
        _events.Updated(job);
        return job;
    }

    private void Changed()
    {
        lock (_lock)
            _order = null;
        _doorbell.Writer.TryWrite(true);
    }

    private void Ended(Job job)
    {
        if (JobStatus.IsFinal(job.Status))
            Release(job.Id);
        _events.Updated(job);
    }

    private void Release(string id)
    {
        if (_waiters.TryRemove(id, out TaskCompletionSource? waiter))
            waiter.SetResult();
    }
}
