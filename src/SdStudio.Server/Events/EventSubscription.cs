using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace SdStudio.Server.Events;

/// <summary>One listener's events that were not sent yet.</summary>
internal sealed class EventSubscription(EventHub hub, IEnumerable<string> channels) : IDisposable
{
    // A listener this far behind is better served by asking for everything anew.
    private const int MaxWaiting = 512;
    private readonly Lock _lock = new();
    private readonly HashSet<string> _channels = new(channels, StringComparer.Ordinal);
    private readonly LinkedList<StudioEvent> _waiting = new();
    private readonly Dictionary<string, LinkedListNode<StudioEvent>> _latest = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _news = new(0, 1);
    private bool _tooSlow;

    /// <summary>Whether events were lost between the listener's last one and now: it has to look at everything anew.</summary>
    public bool Missed { get; internal set; }

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
            if (_tooSlow || !_channels.Contains(happened.Channel))
                return;
            if (happened.Subject is { } subject)
            {
                if (_latest.TryGetValue(subject, out LinkedListNode<StudioEvent>? older))
                {
                    older.Value = happened;
                    return;
                }

                _latest[subject] = _waiting.AddLast(happened);
            }
            else
            {
                _waiting.AddLast(happened);
            }

            _tooSlow = _waiting.Count > MaxWaiting;
            if (_news.CurrentCount == 0)
                _news.Release();
        }
    }

    /// <summary>Events as they come; ends when the listener is too slow.</summary>
    /// <param name="heartbeat">After this long without an event, null comes.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<StudioEvent?> ReadAsync(TimeSpan heartbeat, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            if (Next(out bool tooSlow) is { } happened)
                yield return happened;
            else if (tooSlow)
                yield break;
            else if (!await _news.WaitAsync(heartbeat, cancellation).ConfigureAwait(false))
                yield return null;
        }
    }

    [SuppressMessage("Usage", "CA2213", Justification = "A semaphore without a wait handle holds nothing.")]
    public void Dispose() => hub.Remove(this);

    private StudioEvent? Next(out bool tooSlow)
    {
        lock (_lock)
        {
            tooSlow = _tooSlow;
            if (_tooSlow || _waiting.First is not { } first)
                return null;
            _waiting.RemoveFirst();
            if (first.Value.Subject is { } subject)
                _latest.Remove(subject);
            return first.Value;
        }
    }
}
