using System.Threading.Channels;

namespace SdStudio.Server.Queue;

/// <summary>
/// The images of a running job that nobody has begun. The device that has the job generates them one after the other; devices that have
/// nothing else to do take some of them.
/// </summary>
internal sealed class SharedImages : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Channel<int> _open = Channel.CreateUnbounded<int>();
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<string> _helpers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _barred = new(StringComparer.Ordinal);
    private readonly List<Task> _helps = [];
    private readonly List<JobImage> _finished = [];
    private readonly List<string> _notes = [];
    private int _left;
    private int _outsideMask;
    private int _skipped;
    private bool _isClosed;

    /// <summary>How many nobody has begun.</summary>
    public int Open => _open.Reader.Count;

    /// <summary>Whether another device has taken part.</summary>
    public bool IsHelped => _helps.Count > 0;

    /// <summary>Pixels outside the mask, of all images, that are not the input's.</summary>
    public int OutsideMaskChanged => Volatile.Read(ref _outsideMask);

    /// <summary>Steps of all images that were left out.</summary>
    public int StepsSkipped => Volatile.Read(ref _skipped);

    /// <summary>Adds what is counted in an image.</summary>
    public void Count(int outsideMask, int stepsSkipped)
    {
        Interlocked.Add(ref _outsideMask, outsideMask);
        Interlocked.Add(ref _skipped, stepsSkipped);
    }

    /// <summary>What people should know of an image.</summary>
    public void Tell(string note)
    {
        lock (_lock)
            _notes.Add(note);
    }

    /// <summary>What was told of images.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_lock)
                return [.. _notes];
        }
    }

    /// <summary>Lets devices take these images. The second time, after a failed attempt, the open ones are those that are left.</summary>
    public void Offer(IReadOnlyCollection<int> indices)
    {
        if (_left > 0)
            return;
        _left = indices.Count;
        foreach (int index in indices)
            _open.Writer.TryWrite(index);
    }

    /// <summary>The next image for the device that has the job; null when all are done. Waits for what others have in hand and may give back.</summary>
    public async ValueTask<int?> NextAsync(CancellationToken cancellation)
    {
        while (Volatile.Read(ref _left) > 0 && await _open.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
        {
            if (_open.Reader.TryRead(out int index))
                return index;
        }

        return null;
    }

    /// <summary>An image for a device that helps; false when nobody needs help any more.</summary>
    public bool TryTake(out int index) => _open.Reader.TryRead(out index);

    /// <summary>Those that were generated now, in the order in which they were stored.</summary>
    public IReadOnlyList<JobImage> Finished
    {
        get
        {
            lock (_lock)
                return [.. _finished];
        }
    }

    /// <summary>An image is stored.</summary>
    public void Done(JobImage image)
    {
        lock (_lock)
            _finished.Add(image);
        if (Interlocked.Decrement(ref _left) == 0)
            _open.Writer.Complete();
    }

    /// <summary>An image that was begun and not finished: another device may try.</summary>
    public void GiveBack(int index) => _open.Writer.TryWrite(index);

    /// <summary>Lets a device help.</summary>
    /// <param name="device">Which one.</param>
    /// <param name="help">Takes images until there are none, or it is told to stop.</param>
    /// <returns>What it does; null when it may not, or need not.</returns>
    public Task? TryHelp(string device, Func<CancellationToken, Task> help)
    {
        lock (_lock)
        {
            if (_isClosed || Open == 0 || _barred.Contains(device) || !_helpers.Add(device))
                return null;
            Task helping = help(_stop.Token);
            _helps.Add(helping);
            return helping;
        }
    }

    /// <summary>A device helps no longer.</summary>
    /// <param name="device">Which one.</param>
    /// <param name="failed">Whether it could not: then it is not asked again.</param>
    public void Leave(string device, bool failed)
    {
        lock (_lock)
        {
            _helpers.Remove(device);
            if (failed)
                _barred.Add(device);
        }
    }

    /// <summary>Whether a device helps now.</summary>
    public bool IsHelpedBy(string device)
    {
        lock (_lock)
            return _helpers.Contains(device);
    }

    /// <summary>The job ends, however it does: nobody works on it behind this.</summary>
    public async Task CloseAsync()
    {
        lock (_lock)
            _isClosed = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_helps).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stop.Dispose();
}
