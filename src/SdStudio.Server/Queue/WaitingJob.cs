namespace SdStudio.Server.Queue;

/// <summary>What the order of work looks at.</summary>
internal sealed record WaitingJob(long Number, string Id, string Owner, int Priority, string Model, long QueuedAt)
{
    /// <summary>Whether somebody put it where it is.</summary>
    public bool IsPlaced { get; init; }
}
