using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The machines that share the database.</summary>
internal sealed class PostgresNodes(PostgresDatabase database, NodeIdentity node, IJobDevices devices, LeaseTime lease) : INodes
{
    // One that was not seen for so long is not shown any more.
    private const long ForgottenAfterMs = 7L * 24 * 60 * 60 * 1000;

    public async ValueTask<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellation) => await database.QueryAsync(
        "SELECT id, name, version, devices, started_at, seen_at, seen_at > sdstudio_now() - @lease, is_drained, " +
        "(SELECT count(*) FROM jobs WHERE status = 'processing' AND jobs.worker = nodes.worker) FROM nodes WHERE seen_at > sdstudio_now() - @forgotten ORDER BY started_at, id",
        row => new NodeState(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3).Split('\n', StringSplitOptions.RemoveEmptyEntries), row.GetInt64(8), row.GetInt64(4), row.GetInt64(5),
            row.GetBoolean(6), row.GetBoolean(7), row.GetString(0) == node.Id),
        cancellation, ("lease", lease.Milliseconds), ("forgotten", ForgottenAfterMs)).ConfigureAwait(false);

    public async ValueTask<bool> SetDrainedAsync(string id, bool drained, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            int count = await session.ExecuteAsync("UPDATE nodes SET is_drained = @drained WHERE id = @id", ("drained", drained), ("id", id)).ConfigureAwait(false);
            await PostgresBells.RingAsync(session, PostgresBells.Queue, "").ConfigureAwait(false);
            return count > 0;
        },
        cancellation).ConfigureAwait(false);

    /// <summary>This machine lives.</summary>
    public ValueTask TellAsync(CancellationToken cancellation) => database.ExecuteAsync(
        "INSERT INTO nodes (id, name, version, worker, devices, started_at, seen_at) VALUES (@id, @name, @version, @worker, @devices, sdstudio_now(), sdstudio_now()) " +
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, devices = excluded.devices, seen_at = excluded.seen_at, worker = excluded.worker, " +
        "started_at = CASE WHEN nodes.worker = excluded.worker THEN nodes.started_at ELSE excluded.started_at END",
        cancellation, ("id", node.Id), ("name", Environment.MachineName), ("version", StudioVersion.Text), ("worker", WorkerName.OfThisProcess),
        ("devices", string.Join('\n', devices.States.Select(device => device.Id))));
}
