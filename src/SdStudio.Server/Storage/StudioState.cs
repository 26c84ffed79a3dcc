using System.Text.Json;
using SdStudio.Server.Jobs;

namespace SdStudio.Server.Storage;

/// <summary>Small things that the studio learned or was told, and keeps.</summary>
internal sealed class StudioState(StudioDatabase database)
{
    private const string PausedKey = "queue_paused";

    public bool IsPaused() => Text(PausedKey) == "true";

    public void SetPaused(bool paused) => SetText(PausedKey, paused ? "true" : "false");

    /// <summary>What was last kept under a name.</summary>
    public string? Text(string key) => database.Read(reader =>
        reader.Query("SELECT value FROM studio_state WHERE key = $key", row => row.GetString(0), ("$key", key))).FirstOrDefault();

    public void SetText(string key, string text) => Execute(
        "INSERT INTO studio_state VALUES ($key, $value) ON CONFLICT DO UPDATE SET value = $value", ("$key", key), ("$value", text));

    public ModelCosts? CostsOf(string model) => database.Read(reader =>
        reader.Query("SELECT costs FROM model_costs WHERE model = $model", row => row.GetString(0), ("$model", model))) is [{ } text]
        ? JsonSerializer.Deserialize(text, StorageJson.Default.ModelCosts)
        : null;

    public void SaveCosts(string model, ModelCosts costs) => Execute(
        "INSERT INTO model_costs VALUES ($model, $costs) ON CONFLICT DO UPDATE SET costs = $costs",
        ("$model", model), ("$costs", JsonSerializer.Serialize(costs, StorageJson.Default.ModelCosts)));

    /// <summary>The SHA-256 of a file, when it was computed for just these bytes.</summary>
    public string? HashOf(FileInfo file) => database.Read(reader => reader.Query(
        "SELECT sha256 FROM file_hashes WHERE path = $path AND bytes = $bytes AND changed = $changed", row => row.GetString(0),
        ("$path", file.FullName), ("$bytes", file.Length), ("$changed", file.LastWriteTimeUtc.Ticks))).FirstOrDefault();

    public void SaveHash(FileInfo file, string sha256) => Execute(
        "INSERT INTO file_hashes VALUES ($path, $bytes, $changed, $hash) " +
        "ON CONFLICT DO UPDATE SET bytes = $bytes, changed = $changed, sha256 = $hash",
        ("$path", file.FullName), ("$bytes", file.Length), ("$changed", file.LastWriteTimeUtc.Ticks), ("$hash", sha256));

    private void Execute(string sql, params (string Name, object? Value)[] values) => database.Write(writer =>
    {
        writer.Execute(sql, values);
        return true;
    });
}
