namespace SdStudio.Server.Events;

/// <summary>Hands events to whoever listens, and keeps the last ones for those who come back. Publishing never waits for a listener.</summary>
internal sealed class EventHub(TimeProvider time)
{
    private const int Kept = 1024;
    private readonly Lock _lock = new();
    private readonly Queue<StudioEvent> _recent = new();
    private List<EventSubscription> _subscriptions = [];
    private long _number;

    /// <summary>Tells numbers of this process from those of another: Unix milliseconds of its start.</summary>
    public long Epoch { get; } = time.GetUtcNow().ToUnixTimeMilliseconds();

    public bool HasListeners(string channel) => Volatile.Read(ref _subscriptions).Exists(subscription => subscription.Wants(channel));

    /// <summary>Publishes what a client that comes back must hear of.</summary>
    public void Publish(string channel, string type, ReadOnlyMemory<byte> data)
    {
        lock (_lock)
        {
            var happened = new StudioEvent(++_number, channel, type, data, Subject: null);
            _recent.Enqueue(happened);
            if (_recent.Count > Kept)
                _recent.Dequeue();
            foreach (EventSubscription subscription in _subscriptions)
                subscription.Offer(happened);
        }
    }

    /// <summary>Publishes what is soon outdated: whoever is slow gets only the newest of a subject.</summary>
    public void PublishLatest(string channel, string type, string subject, ReadOnlyMemory<byte> data)
    {
        var happened = new StudioEvent(0, channel, type, data, $"{type} {subject}");
        foreach (EventSubscription subscription in Volatile.Read(ref _subscriptions))
            subscription.Offer(happened);
    }

    /// <summary>Begins to listen.</summary>
    /// <param name="channels">What to listen to from the start.</param>
    /// <param name="after">The last event that the listener has seen; null for one that is new.</param>
    public EventSubscription Subscribe(IEnumerable<string> channels, EventPosition? after = null)
    {
        var subscription = new EventSubscription(this, channels);
        lock (_lock)
        {
            if (after is { } last)
            {
                bool known = last.Epoch == Epoch && last.Number <= _number && (_recent.Count == 0 || last.Number >= _recent.Peek().Number - 1);
                subscription.Missed = !known;
                foreach (StudioEvent happened in known ? _recent.Where(happened => happened.Number > last.Number) : [])
                    subscription.Offer(happened);
            }

            // A new list each time: who publishes walks the old one without a lock.
            _subscriptions = [.. _subscriptions, subscription];
        }

        return subscription;
    }

    public void Remove(EventSubscription subscription)
    {
        lock (_lock)
            _subscriptions = [.. _subscriptions.Where(other => other != subscription)];
    }
}
