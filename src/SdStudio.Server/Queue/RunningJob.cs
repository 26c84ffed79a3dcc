using SdCpp.Interop;
using SdStudio.Server.Images;

namespace SdStudio.Server.Queue;

/// <summary>A job in the hands of the worker.</summary>
internal sealed class RunningJob : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly Lock _imagesLock = new();
    private readonly Lock _previewLock = new();
    private ImageBuffer? _preview;
    private Dictionary<string, byte[]> _encoded = new(StringComparer.Ordinal);
    private long _lastTold;
    private volatile IReadOnlyList<JobImage> _images = [];

    public RunningJob(ClaimedJob claimed, double[] predicted, TimeProvider time, Action<RunningJob> changed)
    {
        (Job, Lease) = (claimed.Job, claimed.Lease);
        HeldSince = time.GetTimestamp();
        Cancelled = _cancel.Token;
        Progress = new JobProgress(predicted, time, () => changed(this));
    }

    public Job Job { get; }

    /// <summary>What its worker shows with every write.</summary>
    public Lease Lease { get; }

    /// <summary>When this process last knew that the job is its own, as a timestamp of its clock.</summary>
    public long HeldSince { get; set; }

    public JobProgress Progress { get; }

    /// <summary>Its images that are on disk and listed: they stay, however it ends.</summary>
    public IReadOnlyList<JobImage> Images => _images;

    /// <summary>Its images that nobody has begun.</summary>
    public SharedImages Shared { get; } = new();

    public void Add(JobImage image)
    {
        lock (_imagesLock)
            _images = [.. _images.Append(image).OrderBy(other => other.Index)];
        Progress.Complete(image.Index, Job.Settings.Count);
    }

    /// <summary>Set when somebody cancels the job.</summary>
    public CancellationToken Cancelled { get; }

    /// <summary>Keeps the newest preview, which is encoded only when somebody looks at it.</summary>
    public void Show(ImageBuffer preview)
    {
        lock (_previewLock)
        {
            _preview?.Dispose();
            (_preview, _encoded) = (preview, new Dictionary<string, byte[]>(StringComparer.Ordinal));
        }
    }

    /// <summary>The newest preview, WebP; null before the first.</summary>
    public byte[]? Preview() => Preview("", ImageFiles.ToWebp);

    /// <summary>The same for clients that want another format.</summary>
    public byte[]? Preview(string format, int quality) => Preview($"{format}-{quality}", image => ImageFiles.Encoded(image, format, quality));

    // Encoded once for all who look, and beside the engine, which waits for the lock when it has the next one.
    private byte[]? Preview(string kind, Func<ImageBuffer, byte[]> encode)
    {
        ImageBuffer copy;
        Dictionary<string, byte[]> encoded;
        lock (_previewLock)
        {
            if (_preview is null)
                return null;
            encoded = _encoded;
            if (encoded.TryGetValue(kind, out byte[]? known))
                return known;
            copy = ImageBuffer.FromPixels(_preview.Span, _preview.Width, _preview.Height, _preview.Channels);
        }

        using (copy)
        {
            byte[] bytes = encode(copy);
            lock (_previewLock)
                encoded[kind] = bytes;
            return bytes;
        }
    }

    /// <summary>Whether it is time to publish progress again: one caller wins in each interval.</summary>
    public bool MayTell(long nowMs, long everyMs)
    {
        long last = Interlocked.Read(ref _lastTold);
        return nowMs - last >= everyMs && Interlocked.CompareExchange(ref _lastTold, nowMs, last) == last;
    }

    /// <summary>Stops its work. Through <see cref="RunningJobs"/> only, which keeps it from being disposed meanwhile.</summary>
    public void Cancel() => _cancel.Cancel();

    /// <summary>Whether another process has the job now: its rows and files are that one's.</summary>
    public bool IsLost { get; private set; }

    /// <summary>The job is another process's: what this one does with it ends. Called like <see cref="Cancel"/>.</summary>
    public void Lose()
    {
        IsLost = true;
        Cancel();
    }

    public void Dispose()
    {
        _cancel.Dispose();
        Shared.Dispose();
        lock (_previewLock)
        {
            _preview?.Dispose();
            _preview = null;
        }
    }
}
