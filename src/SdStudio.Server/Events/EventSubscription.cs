using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace SdStudio.Server.Events;

/// <summary>
/// One listener's events that were not sent yet. A listener that falls too far behind loses them all and gets one that says so; from
/// there it goes on.
/// </summary>
internal sealed class EventSubscription : IDisposable
{
    // A listener this far behind is better served by reloading everything.
    private const int MaxWaiting = 512;
    private readonly Lock _lock = new();
    private readonly HashSet<string> _channels;
    private readonly OwnerScope _scope;
    private readonly Action<EventSubscription> _remove;
    private readonly Channel<StudioEvent> _waiting = Channel.CreateBounded<StudioEvent>(MaxWaiting);
    private readonly Dictionary<string, StudioEvent> _latest = new(StringComparer.Ordinal);
    private IReadOnlyList<StudioEvent> _missed;
    private long _newest;

    /// <param name="channels">What it listens to.</param>
    /// <param name="scope">Whose events it hears of.</param>
    /// <param name="newest">The number of the newest event.</param>
    /// <param name="missed">What happened since it listened last; null when some of that is gone.</param>
    /// <param name="remove">Ends it.</param>
    public EventSubscription(IEnumerable<string> channels, OwnerScope scope, long newest, IReadOnlyList<StudioEvent>? missed, Action<EventSubscription> remove)
    {
        _channels = new HashSet<string>(channels, StringComparer.Ordinal);
        (_scope, _newest, _remove) = (scope, newest, remove);
        _missed = missed is null ? [StudioEvent.Reset(newest)] : [.. missed.Where(IsFor)];
    }

    public bool Wants(string channel)
    {
        lock (_lock)
            return _channels.Contains(channel);
    }

    public void Add(string channel)
    {
        lock (_lock)
            _channels.Add(channel);
    }

    public void Remove(string channel)
    {
        lock (_lock)
            _channels.Remove(channel);
    }

    public void Offer(StudioEvent happened)
    {
        lock (_lock)
        {
            _newest = Math.Max(_newest, happened.Number);
            if (!IsFor(happened))
                return;
            if (happened.Subject is { } subject)
            {
                bool isWaiting = _latest.ContainsKey(subject);
                _latest[subject] = happened;
                if (isWaiting)
                    return;
            }

            if (!_waiting.Writer.TryWrite(happened))
                Restart();
        }
    }

    /// <summary>Events up to a number are gone: it hears that it must reload everything.</summary>
    public void Lose(long newest)
    {
        lock (_lock)
        {
            _newest = Math.Max(_newest, newest);
            Restart();
        }
    }

    /// <summary>First what was missed, then events as they come.</summary>
    /// <param name="heartbeat">After this long without an event, null comes.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<StudioEvent?> ReadAsync(TimeSpan heartbeat, [EnumeratorCancellation] CancellationToken cancellation)
    {
        IReadOnlyList<StudioEvent> missed = Interlocked.Exchange(ref _missed, []);
        foreach (StudioEvent happened in missed)
            yield return happened;
        while (true)
        {
            while (Next() is { } happened)
                yield return happened;
            if (!await HasNewsAsync(heartbeat, cancellation).ConfigureAwait(false))
                yield return null;
        }
    }

    public void Dispose() => _remove(this);

    private bool IsFor(StudioEvent happened) =>
        _channels.Contains(happened.Channel) && (happened.Owner is null || _scope.Includes(happened.Owner));

    private void Restart()
    {
        while (_waiting.Reader.TryRead(out _))
        {
            // A listener that reloads everything has no use for it.
        }

        _latest.Clear();
        _waiting.Writer.TryWrite(StudioEvent.Reset(_newest));
    }

    private StudioEvent? Next()
    {
        lock (_lock)
        {
            if (!_waiting.Reader.TryRead(out StudioEvent? happened))
                return null;
            return happened.Subject is { } subject && _latest.Remove(subject, out StudioEvent? latest) ? latest : happened;
        }
    }

    private async Task<bool> HasNewsAsync(TimeSpan heartbeat, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        either.CancelAfter(heartbeat);
        try
        {
            return await _waiting.Reader.WaitToReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
