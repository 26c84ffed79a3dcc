namespace SdStudio.Server.Events;

/// <summary>Hands events to whoever listens, and keeps the last ones for those who come back. Publishing never waits for a listener.</summary>
internal interface IEventLog
{
    /// <summary>Tells positions in this log from those in another.</summary>
    long Epoch { get; }

    /// <summary>Whether what happens to jobs is written here together with their rows, by who writes those: published too, it would be told twice.</summary>
    bool ComesWithRows { get; }

    bool HasListeners(string channel);

    /// <summary>Publishes what a client that comes back must hear of.</summary>
    /// <param name="channel">One of <see cref="EventChannel"/>.</param>
    /// <param name="type">E.g. <c>job_updated</c>.</param>
    /// <param name="owner">Whose it is: others do not hear of it; null for everybody's.</param>
    /// <param name="data">JSON, UTF-8.</param>
    void Publish(string channel, string type, string? owner, ReadOnlyMemory<byte> data);

    /// <summary>Publishes what is soon outdated: whoever is slow gets only the newest of a subject.</summary>
    void PublishLatest(string channel, string type, string subject, string? owner, ReadOnlyMemory<byte> data);

    /// <summary>Begins to listen.</summary>
    /// <param name="channels">What to listen to from the start.</param>
    /// <param name="scope">Whose events.</param>
    /// <param name="after">The last event that the listener has seen; null for one that is new.</param>
    EventSubscription Subscribe(IEnumerable<string> channels, OwnerScope scope, EventPosition? after = null);
}
