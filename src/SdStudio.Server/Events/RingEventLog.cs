namespace SdStudio.Server.Events;

/// <summary>The events of one process: the last ones are kept in memory, within a bound of number and bytes.</summary>
/// <param name="epoch">Tells its positions from those of other logs.</param>
/// <param name="number">The newest event's; 0 for a log that begins.</param>
internal sealed class RingEventLog(long epoch, long number) : IEventLog
{
    private const int MaxKept = 1024;
    private const int MaxKeptBytes = 16 * 1024 * 1024;
    private readonly Lock _lock = new();
    private readonly Queue<StudioEvent> _recent = new();
    private List<EventSubscription> _subscriptions = [];
    private long _number = number;
    private long _bytes;

    /// <summary>The log of a process, which begins with it.</summary>
    public RingEventLog(TimeProvider time)
        : this(time.GetUtcNow().ToUnixTimeMilliseconds(), number: 0)
    {
    }

    public long Epoch => epoch;

    /// <summary>The newest event's number.</summary>
    public long Number => Interlocked.Read(ref _number);

    public bool ComesWithRows => false;

    public bool HasListeners(string channel) => Volatile.Read(ref _subscriptions).Exists(subscription => subscription.Wants(channel));

    public void Publish(string channel, string type, string? owner, ReadOnlyMemory<byte> data)
    {
        lock (_lock)
            Append(new StudioEvent(_number + 1, channel, type, data) { Owner = owner });
    }

    /// <summary>Takes the next event of a log that others write too.</summary>
    public void Append(StudioEvent happened)
    {
        lock (_lock)
        {
            // Others have removed what this process did not read in time: whoever listens reloads everything.
            if (happened.Number != _number + 1)
            {
                (_bytes, _number) = (0, happened.Number - 1);
                _recent.Clear();
                _subscriptions.ForEach(subscription => subscription.Lose(happened.Number - 1));
            }

            _number = happened.Number;
            _recent.Enqueue(happened);
            _bytes += happened.Message.Length;
            while (_recent.Count > MaxKept || (_bytes > MaxKeptBytes && _recent.Count > 1))
                _bytes -= _recent.Dequeue().Message.Length;
            foreach (EventSubscription subscription in _subscriptions)
                subscription.Offer(happened);
        }
    }

    public void PublishLatest(string channel, string type, string subject, string? owner, ReadOnlyMemory<byte> data)
    {
        var happened = new StudioEvent(0, channel, type, data) { Owner = owner, Subject = $"{type} {subject}" };
        foreach (EventSubscription subscription in Volatile.Read(ref _subscriptions))
            subscription.Offer(happened);
    }

    public EventSubscription Subscribe(IEnumerable<string> channels, OwnerScope scope, EventPosition? after = null)
    {
        lock (_lock)
        {
            EventSubscription subscription = new(channels, scope, _number, Missed(after), Remove);
            // A new list each time: who publishes walks the old one without a lock.
            _subscriptions = [.. _subscriptions, subscription];
            return subscription;
        }
    }

    // Null when some of it is gone.
    private IReadOnlyList<StudioEvent>? Missed(EventPosition? after)
    {
        if (after is not { } last)
            return [];
        bool isKnown = last.Epoch == Epoch && last.Number <= _number && last.Number >= (_recent.TryPeek(out StudioEvent? oldest) ? oldest.Number - 1 : _number);
        return isKnown ? [.. _recent.Where(happened => happened.Number > last.Number)] : null;
    }

    private void Remove(EventSubscription subscription)
    {
        lock (_lock)
            _subscriptions = [.. _subscriptions.Where(other => other != subscription)];
    }
}
