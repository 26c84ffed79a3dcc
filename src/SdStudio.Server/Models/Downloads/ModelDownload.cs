namespace SdStudio.Server.Models.Downloads;

/// <summary>A download in progress.</summary>
internal sealed class ModelDownload(string id, string model, TimeProvider time) : IDisposable
{
    // Of the newest stretch in the mean speed: a few seconds count.
    private const double Newest = 0.3;
    private readonly CancellationTokenSource _cancel = new();
    private readonly Lock _lock = new();
    private bool _isOver;
    private long _bytes;
    private long _seenBytes;
    private long _seenAt = time.GetTimestamp();

    public string Id { get; } = id;

    public string Model { get; } = model;

    /// <summary>Set when somebody cancels it.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>Files that were downloaded although the hub states no hash of them.</summary>
    public List<string> Unverified { get; } = [];

    public bool IsCancelled { get; private set; }

    /// <summary>Its status while it runs.</summary>
    public string Status => IsCancelled ? "cancelled" : "downloading";

    /// <summary>Ends when it has ended.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    public long TotalBytes { get; set; }

    public long BytesDownloaded => Interlocked.Read(ref _bytes);

    /// <summary>Bytes in a second, as of the last few; 0 before anything is known.</summary>
    public double Speed { get; private set; }

    /// <summary>The file that is being fetched or checked, as the catalogue writes it.</summary>
    public string? CurrentFile { get; set; }

    /// <summary>Seconds until all is there at this speed; null before anything is known.</summary>
    public double? SecondsLeft => Speed > 0 ? Math.Round((TotalBytes - BytesDownloaded) / Speed, 1) : null;

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Looks at how fast it is.</summary>
    public void Measure()
    {
        lock (_lock)
        {
            long bytes = BytesDownloaded;
            double seconds = time.GetElapsedTime(_seenAt).TotalSeconds;
            if (seconds <= 0)
                return;
            double now = (bytes - _seenBytes) / seconds;
            Speed = Speed == 0 ? now : (Speed * (1 - Newest)) + (now * Newest);
            (_seenBytes, _seenAt) = (bytes, time.GetTimestamp());
        }
    }

    public DownloadRow ToRow(string status, string? error = null) => new(Id, Model, status, error, BytesDownloaded, TotalBytes);

    /// <returns>Whether it was not cancelled before.</returns>
    public bool Cancel()
    {
        lock (_lock)
        {
            if (_isOver || IsCancelled)
                return false;
            IsCancelled = true;
            _cancel.Cancel();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            _cancel.Dispose();
        }
    }
}
