using System.Threading.Channels;

namespace SdStudio.Server.Queue;

/// <summary>Wakes the workers when a job may be waiting.</summary>
internal interface IQueueSignal
{
    /// <summary>Ends when somebody has rung since the last wait, or after a time.</summary>
    ValueTask WaitAsync(TimeSpan atMost, CancellationToken cancellation);

    void Ring();
}

/// <summary>The signal within one process.</summary>
internal sealed class ProcessQueueSignal(TimeProvider time) : IQueueSignal
{
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public async ValueTask WaitAsync(TimeSpan atMost, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            await _bell.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Nobody has rung in that time.
        }
    }

    public void Ring() => _bell.Writer.TryWrite(true);
}
