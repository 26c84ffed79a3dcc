namespace SdStudio.Server.Jobs;

/// <summary>A job in the hands of the worker.</summary>
internal sealed class RunningJob : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private volatile byte[]? _preview;
    private long _lastTold;

    public RunningJob(Job job, double[] predicted, TimeProvider time, Action<RunningJob> changed)
    {
        Job = job;
        Progress = new JobProgress(predicted, time, () => changed(this));
    }

    public Job Job { get; }

    public JobProgress Progress { get; }

    /// <summary>Set when somebody cancels the job.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>The newest preview, WebP; null before the first.</summary>
    public byte[]? Preview { get => _preview; set => _preview = value; }

    /// <summary>The job is claimed anew each time it is told: one caller wins a stretch of time.</summary>
    public bool MayTell(long nowMs, long everyMs)
    {
        long last = Interlocked.Read(ref _lastTold);
        return nowMs - last >= everyMs && Interlocked.CompareExchange(ref _lastTold, nowMs, last) == last;
    }

    public void Cancel() => _cancel.Cancel();

    public void Dispose() => _cancel.Dispose();
}
