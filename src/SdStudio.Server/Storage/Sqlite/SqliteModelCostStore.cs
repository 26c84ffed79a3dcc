using System.Text.Json;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Costs of models; written with the end of the job that they were measured with.</summary>
internal sealed class SqliteModelCostStore(StudioDatabase database) : IModelCostStore
{
    // Devices have no names of their own yet.
    private const string Device = "";

    public ValueTask<ModelCosts?> FindAsync(string key, CancellationToken cancellation) => database.ReadAsync(reader => Find(reader, key));

    public static void Add(SqliteSession writer, string key, ModelCosts measured) => writer.Execute(
        "INSERT INTO model_costs VALUES ($model, $device, $costs) ON CONFLICT (model, device) DO UPDATE SET costs = $costs",
        ("$model", key), ("$device", Device),
        ("$costs", JsonSerializer.Serialize((Find(writer, key) ?? ModelCosts.Guess).With(measured), StorageJson.Default.ModelCosts)));

    private static ModelCosts? Find(SqliteSession session, string key)
    {
        string? text = session.Query(
            "SELECT costs FROM model_costs WHERE model = $model AND device = $device", row => row.GetString(0), ("$model", key), ("$device", Device)).FirstOrDefault();
        try
        {
            return text is null ? null : JsonSerializer.Deserialize(text, StorageJson.Default.ModelCosts);
        }
        catch (JsonException)
        {
            // Only an estimate: the next job measures anew.
            return null;
        }
    }
}
