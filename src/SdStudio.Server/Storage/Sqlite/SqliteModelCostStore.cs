using System.Text.Json;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Costs of models; written with the end of the job that they were measured with.</summary>
internal sealed class SqliteModelCostStore(StudioDatabase database) : IModelCostStore
{
    public ValueTask<ModelCosts?> FindAsync(string key, string? device, CancellationToken cancellation) => database.ReadAsync(reader => Find(reader, key, device));

    public static void Add(SqliteSession writer, string key, string device, ModelCosts measured) => writer.Execute(
        "INSERT INTO model_costs VALUES ($model, $device, $costs) ON CONFLICT (model, device) DO UPDATE SET costs = $costs",
        ("$model", key), ("$device", device),
        ("$costs", JsonSerializer.Serialize((Find(writer, key, device) ?? ModelCosts.Guess).With(measured), StorageJson.Default.ModelCosts)));

    private static ModelCosts? Find(SqliteSession session, string key, string? device) => Read(session.Query(
        "SELECT costs FROM model_costs WHERE model = $model AND ($device IS NULL OR device = $device) LIMIT 1",
        row => row.GetString(0), ("$model", key), ("$device", device)).FirstOrDefault());

    /// <summary>Costs as both stores write them; null for none.</summary>
    public static ModelCosts? Read(string? text)
    {
        try
        {
            return text is null ? null : JsonSerializer.Deserialize(text, StorageJson.Default.ModelCosts);
        }
        catch (JsonException)
        {
            // Only an estimate: the next job measures again.
            return null;
        }
    }
}
