namespace SdStudio.Server.Queue;

/// <summary>What has happened to one waiting job, so that nobody who knows the others reads them again.</summary>
internal sealed record LineNews
{
    /// <summary>It was put into the queue.</summary>
    public WaitingJob? Came { get; init; }

    /// <summary>The number of one that waits no longer.</summary>
    public long Left { get; init; }

    /// <summary>Whose turn it was; null when nobody has begun it.</summary>
    public string? Owner { get; init; }

    /// <summary>The turn, as a count that only grows; null for the one behind all that are known.</summary>
    public long? Turn { get; init; }

    /// <summary>A worker has begun a job.</summary>
    public static LineNews Begun(Job job, long? turn) => new() { Left = job.Number, Owner = job.Owner, Turn = turn };
}
