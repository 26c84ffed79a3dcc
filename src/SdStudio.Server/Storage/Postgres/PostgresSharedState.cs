using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Small things that were set, for all machines.</summary>
internal sealed class PostgresSharedState(PostgresDatabase database) : ISharedState
{
    internal const string PausedKey = "queue_paused";
    private const long RecoveryLock = 0x5D57_0D10_0004;

    public bool IsShared => true;

    public ValueTask SetPausedAsync(bool paused, CancellationToken cancellation) => ChangeTextAsync(PausedKey, _ => paused ? "true" : "false", cancellation);

    public ValueTask<string?> TextAsync(string key, CancellationToken cancellation) =>
        database.FirstAsync("SELECT value FROM studio_state WHERE key = @key", row => row.GetString(0), cancellation, ("key", key));

    public async ValueTask ChangeTextAsync(string key, Func<string?, string> change, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            // A key that is not there cannot be locked as a row.
            await session.ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended(@key, 0))", ("key", key)).ConfigureAwait(false);
            string? before = await session.FirstAsync("SELECT value FROM studio_state WHERE key = @key", row => row.GetString(0), ("key", key)).ConfigureAwait(false);
            string after = change(before);
            await session.ExecuteAsync(
                "INSERT INTO studio_state VALUES (@key, @value) ON CONFLICT (key) DO UPDATE SET value = excluded.value", ("key", key), ("value", after)).ConfigureAwait(false);
            if (key == PausedKey)
            {
                session.Tell(JobNews.Paused(after == "true"));
                session.Ring(PostgresBells.Queue, "");
            }

            return true;
        },
        cancellation).ConfigureAwait(false);

    public async ValueTask<bool> RecoverAloneAsync(Func<Task> work, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            // The lock ends with the transaction, and with the connection when the machine dies.
            bool isFree = await session.FirstAsync($"SELECT pg_try_advisory_xact_lock({RecoveryLock})", row => row.GetBoolean(0)).ConfigureAwait(false);
            if (isFree)
                await work().ConfigureAwait(false);
            return isFree;
        },
        cancellation).ConfigureAwait(false);
}
