namespace SdStudio.Server.Images;

/// <summary>
/// Lets in a few decodings at a time: small files become large pixels, and who sends many at once would fill the memory. Whoever is let in
/// keeps the place until the pixels are given back.
/// </summary>
internal sealed class DecodeGate
{
    private const int MaxCount = 2;
    private const long MaxBytes = 256L * 1024 * 1024;
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _waiting = new();
    private int _count;
    private long _bytes;

    /// <summary>Waits for a turn, in the order of the calls.</summary>
    /// <param name="files">What is going to be decoded.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>The place; disposing it lets in the next.</returns>
    public async Task<IDisposable> EnterAsync(IEnumerable<byte[]> files, CancellationToken cancellation)
    {
        // Somebody whose files are larger than everything is let in alone.
        var waiter = new Waiter(Math.Min(MaxBytes, files.Sum(ImageDecoder.BytesOf)));
        lock (_lock)
            _waiting.Enqueue(waiter);
        LetIn();
        await using (cancellation.Register(() =>
        {
            if (waiter.Turn.TrySetCanceled(cancellation))
                LetIn();
        }).ConfigureAwait(false))
        {
            await waiter.Turn.Task.ConfigureAwait(false);
        }

        return new Place(this, waiter.Bytes);
    }

    private void LetIn()
    {
        lock (_lock)
        {
            while (_waiting.TryPeek(out Waiter? next))
            {
                if (!next.Turn.Task.IsCanceled && (_count >= MaxCount || (_count > 0 && _bytes + next.Bytes > MaxBytes)))
                    return;
                _waiting.Dequeue();
                if (!next.Turn.TrySetResult())
                    continue;
                _count++;
                _bytes += next.Bytes;
            }
        }
    }

    private void Leave(long bytes)
    {
        lock (_lock)
        {
            _count--;
            _bytes -= bytes;
        }

        LetIn();
    }

    private sealed record Waiter(long Bytes)
    {
        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Place(DecodeGate gate, long bytes) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
                gate.Leave(bytes);
        }
    }
}
