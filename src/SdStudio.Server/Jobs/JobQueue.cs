using System.Collections.Concurrent;
using System.Threading.Channels;
using SdStudio.Server.Storage;

namespace SdStudio.Server.Jobs;

/// <summary>Accepts jobs and tells who waits for them how they go. The rows in SQLite are the truth; this is the doorbell.</summary>
internal sealed class JobQueue(JobStore store)
{
    private readonly Channel<bool> _doorbell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Job>> _waiters = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, JobProgress> _running = new(StringComparer.Ordinal);

    /// <summary>Puts a job into the queue: it is on disk when this returns. The task ends when the job does.</summary>
    public (Job Job, Task<Job> Finished) Enqueue(JobSettings settings)
    {
        string id = Guid.CreateVersion7().ToString();
        var finished = new TaskCompletionSource<Job>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters[id] = finished;
        try
        {
            Job job = store.Add(id, settings);
            _doorbell.Writer.TryWrite(true);
            return (job, finished.Task);
        }
        catch
        {
            _waiters.TryRemove(id, out _);
            throw;
        }
    }

    /// <summary>How far a job is now: what the engine last reported while it runs, what its row says otherwise.</summary>
    public double ProgressOf(Job job) =>
        job.Status == JobStatus.Processing && _running.TryGetValue(job.Id, out JobProgress? progress) ? progress.Fraction : job.Progress;

    public JobProgress Begin(string jobId) => _running[jobId] = new JobProgress();

    /// <summary>The job runs no more, for now.</summary>
    public void End(string jobId) => _running.TryRemove(jobId, out _);

    /// <summary>The job has ended for good.</summary>
    public void Finish(Job job)
    {
        if (_waiters.TryRemove(job.Id, out TaskCompletionSource<Job>? waiter))
            waiter.SetResult(job);
    }

    /// <summary>Ends when a job may be waiting.</summary>
    public async Task WaitForWorkAsync(CancellationToken cancellation) =>
        await _doorbell.Reader.ReadAsync(cancellation).ConfigureAwait(false);
}
