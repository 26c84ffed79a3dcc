using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The machines that share the database.</summary>
internal sealed class PostgresNodes(
    PostgresDatabase database, NodeIdentity node, NodeReports reports, OtherNodes others, ModelCatalogue catalogue, LeaseTime lease, IOptions<StudioOptions> options) : INodes
{
    // One that was not seen for so long is not shown any more.
    private const long ForgottenAfterMs = 7L * 24 * 60 * 60 * 1000;

    private const string Columns =
        "SELECT id, name, version, devices, started_at, seen_at, seen_at > sdstudio_now() - @lease, is_drained, " +
        "(SELECT count(*) FROM jobs WHERE status = 'processing' AND jobs.worker = nodes.worker), address, report FROM nodes ";

    private readonly Dictionary<string, (string? Version, IReadOnlyList<SharedModel> Models)> _catalogues = new(StringComparer.Ordinal);
    private string _told = "";

    public async ValueTask<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellation) => await database.QueryAsync(
        Columns + "WHERE seen_at > sdstudio_now() - @forgotten ORDER BY started_at, id", ToNode, cancellation,
        ("lease", lease.Milliseconds), ("forgotten", ForgottenAfterMs)).ConfigureAwait(false);

    public async ValueTask<NodeState?> OfJobAsync(string jobId, CancellationToken cancellation) => await database.FirstAsync(
        Columns + "WHERE worker = (SELECT worker FROM jobs WHERE id = @job AND status = 'processing') AND id <> @id", ToNode, cancellation,
        ("lease", lease.Milliseconds), ("job", jobId), ("id", node.Id)).ConfigureAwait(false);

    public async ValueTask<bool> SetDrainedAsync(string id, bool drained, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            int count = await session.ExecuteAsync("UPDATE nodes SET is_drained = @drained WHERE id = @id", ("drained", drained), ("id", id)).ConfigureAwait(false);
            session.Ring(PostgresBells.Queue, "");
            return count > 0;
        },
        cancellation).ConfigureAwait(false);

    /// <summary>This machine lives; and looks who else does.</summary>
    public async ValueTask TellAsync(CancellationToken cancellation)
    {
        string models = JsonSerializer.Serialize(reports.Models, PostgresJson.Default.IReadOnlyListSharedModel);
        string version = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(models))[..8]);
        NodeReport now = reports.Now with { Catalogue = version };
        string address = options.Value.Node.Address;
        await database.ExecuteAsync(
            "INSERT INTO nodes (id, name, version, worker, devices, started_at, seen_at, address, report, catalogue) " +
            "VALUES (@id, @name, @version, @worker, @devices, sdstudio_now(), sdstudio_now(), @address, @report, @catalogue) " +
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, devices = excluded.devices, seen_at = excluded.seen_at, worker = excluded.worker, " +
            "address = excluded.address, report = excluded.report, catalogue = coalesce(excluded.catalogue, nodes.catalogue), " +
            "started_at = CASE WHEN nodes.worker = excluded.worker THEN nodes.started_at ELSE excluded.started_at END",
            cancellation, ("id", node.Id), ("name", Environment.MachineName), ("version", StudioVersion.Text), ("worker", WorkerName.OfThisProcess),
            ("devices", string.Join('\n', now.Devices.Select(device => device.Id))), ("address", address.Length == 0 ? null : address.TrimEnd('/')),
            ("report", JsonSerializer.Serialize(now, PostgresJson.Default.NodeReport)), ("catalogue", version == _told ? null : models)).ConfigureAwait(false);
        _told = version;
        IReadOnlyList<NodeState> all = await ListAsync(cancellation).ConfigureAwait(false);
        NodeState[] alive = [.. all.Where(other => other is { IsAlive: true, IsThis: false })];
        await ReadCataloguesAsync(alive, cancellation).ConfigureAwait(false);
        others.Alive = alive;
        others.IsThisDrained = all.Any(one => one is { IsThis: true, IsDrained: true });
    }

    private async Task ReadCataloguesAsync(NodeState[] alive, CancellationToken cancellation)
    {
        bool any = false;
        foreach (string gone in _catalogues.Keys.Except(alive.Select(other => other.Id)).ToList())
            any |= _catalogues.Remove(gone);
        foreach (NodeState other in alive.Where(other => !_catalogues.TryGetValue(other.Id, out (string? Version, IReadOnlyList<SharedModel>) known) || known.Version != other.Catalogue))
        {
            string? models = await database.FirstAsync(
                "SELECT catalogue FROM nodes WHERE id = @id AND catalogue IS NOT NULL", row => row.GetString(0), cancellation, ("id", other.Id)).ConfigureAwait(false);
            _catalogues[other.Id] = (other.Catalogue, Read(models, PostgresJson.Default.IReadOnlyListSharedModel) ?? []);
            any = true;
        }

        if (any)
            catalogue.Know(_catalogues.Values.SelectMany(known => known.Models));
    }

    private NodeState ToNode(DbDataReader row)
    {
        // Machines of versions before this one tell nothing of the kind.
        NodeReport report = Read(row.IsDBNull(10) ? null : row.GetString(10), PostgresJson.Default.NodeReport) ?? new NodeReport([], []);
        return new NodeState(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3).Split('\n', StringSplitOptions.RemoveEmptyEntries), row.GetInt64(8), row.GetInt64(4), row.GetInt64(5),
            row.GetBoolean(6), row.GetBoolean(7), row.GetString(0) == node.Id)
        {
            Address = row.IsDBNull(9) ? null : row.GetString(9), DeviceStates = report.Devices, Models = report.Models, Catalogue = report.Catalogue,
        };
    }

    // What a machine of another version writes may not be readable here: then nothing of it is known, and this one lives on.
    private static T? Read<T>(string? text, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return text is null ? null : JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
