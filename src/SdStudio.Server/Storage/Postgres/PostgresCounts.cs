namespace SdStudio.Server.Storage.Postgres;

/// <summary>Numbers of jobs and images: every transaction that changes one adds a line, and one machine adds the lines up.</summary>
internal static class PostgresCounts
{
    private const long Lock = 0x5D57_0D10_0007;

    /// <summary>Adds up what was changed; nothing happens while another machine does.</summary>
    public static async ValueTask AddUpAsync(PostgresDatabase database, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            if (!await session.FirstAsync($"SELECT pg_try_advisory_xact_lock({Lock})", row => row.GetBoolean(0)).ConfigureAwait(false))
                return 0;
            int changed = await session.ExecuteAsync(
                "WITH gone AS (DELETE FROM count_changes RETURNING kind, name, owner, n) " +
                "INSERT INTO counts SELECT kind, name, owner, sum(n) FROM gone GROUP BY kind, name, owner " +
                "ON CONFLICT (kind, name, owner) DO UPDATE SET n = counts.n + excluded.n").ConfigureAwait(false);
            if (changed > 0)
                await session.ExecuteAsync("DELETE FROM counts WHERE n = 0").ConfigureAwait(false);
            return changed;
        },
        cancellation).ConfigureAwait(false);
}
