using System.Text.Json;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

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

    /// <summary>Everything that is kept under names that begin so, by what follows in the name.</summary>
    public IReadOnlyList<(string Key, string Text)> TextsUnder(string prefix) => database.Read(reader => reader.Query(
        "SELECT substr(key, length($prefix) + 1), value FROM studio_state WHERE substr(key, 1, length($prefix)) = $prefix",
        row => (row.GetString(0), row.GetString(1)), ("$prefix", prefix)));

    /// <summary>The SHA-256 of every file that was ever read, with what the file was then.</summary>
    public IReadOnlyList<(string Path, FileHash Hash)> Hashes() => database.Read(reader => reader.Query(
        "SELECT path, bytes, changed, sha256 FROM file_hashes",
        row => (row.GetString(0), new FileHash(row.GetInt64(1), row.GetInt64(2), row.GetString(3)))));

    public void SaveHash(string path, FileHash hash) => Execute(
        "INSERT INTO file_hashes VALUES ($path, $bytes, $changed, $hash) " +
        "ON CONFLICT DO UPDATE SET bytes = $bytes, changed = $changed, sha256 = $hash",
        ("$path", path), ("$bytes", hash.Bytes), ("$changed", hash.Changed), ("$hash", hash.Sha256));

    private void Execute(string sql, params (string Name, object? Value)[] values) => database.Write(writer =>
    {
        writer.Execute(sql, values);
        return true;
    });
}

/// <summary>A file's SHA-256, and the length and time (ticks, UTC) that it had when it was read.</summary>
internal sealed record FileHash(long Bytes, long Changed, string Sha256);
