using System.Text.Json;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Costs of models; written with the end of the job that they were measured with.</summary>
internal sealed class PostgresModelCostStore(PostgresDatabase database) : IModelCostStore
{
    private const string Select = "SELECT costs FROM model_costs WHERE model = @model AND (@device::text IS NULL OR device = @device) LIMIT 1";

    public async ValueTask<ModelCosts?> FindAsync(string key, string? device, CancellationToken cancellation) =>
        SqliteModelCostStore.Read(await database.FirstAsync(Select, row => row.GetString(0), cancellation, ("model", key), ("device", device)).ConfigureAwait(false));

    public static async ValueTask AddAsync(PostgresSession session, string key, string device, ModelCosts measured)
    {
        ModelCosts known = SqliteModelCostStore.Read(await session.FirstAsync(Select + " FOR UPDATE", row => row.GetString(0), ("model", key), ("device", device)).ConfigureAwait(false)) ?? ModelCosts.Guess;
        await session.ExecuteAsync(
            "INSERT INTO model_costs VALUES (@model, @device, @costs) ON CONFLICT (model, device) DO UPDATE SET costs = excluded.costs",
            ("model", key), ("device", device), ("costs", JsonSerializer.Serialize(known.With(measured), StorageJson.Default.ModelCosts))).ConfigureAwait(false);
    }
}
