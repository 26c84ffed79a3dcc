namespace SdStudio.Server.Storage.Postgres;

/// <summary>The channels on which the machines of a studio hear of each other. What is told is in the tables: a bell that is not heard loses nothing.</summary>
internal static class PostgresBells
{
    /// <summary>A job waits, or the order has changed.</summary>
    public const string Queue = "sdstudio_queue";

    /// <summary>The job of that id has ended.</summary>
    public const string Ended = "sdstudio_ended";

    /// <summary>The job of that id is to end.</summary>
    public const string Cancelled = "sdstudio_cancelled";

    /// <summary>There are new events.</summary>
    public const string Events = "sdstudio_events";

    /// <summary>An event that is soon outdated, as JSON.</summary>
    public const string Latest = "sdstudio_latest";

    /// <summary>The file of that name is gone.</summary>
    public const string Forgotten = "sdstudio_forgotten";

    /// <summary>A file that all machines have was changed.</summary>
    public const string Shared = "sdstudio_shared";

    public static readonly string[] All = [Queue, Ended, Cancelled, Events, Latest, Forgotten, Shared];

    /// <summary>Rings when the transaction is committed.</summary>
    public static async ValueTask RingAsync(PostgresSession session, string bell, string payload) =>
        await session.ExecuteAsync("SELECT pg_notify(@bell, @payload)", ("bell", bell), ("payload", payload)).ConfigureAwait(false);
}
