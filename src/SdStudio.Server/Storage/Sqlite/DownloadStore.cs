namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The rows of downloads.</summary>
internal sealed class DownloadStore(StudioDatabase database, TimeProvider time)
{
    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Add(string id, string model) => Execute(
        "INSERT INTO downloads (id, model, status, created_at, updated_at) VALUES ($id, $model, 'downloading', $now, $now)", ("$id", id), ("$model", model), ("$now", Now));

    public void Save(DownloadRow row) => Execute(
        "UPDATE downloads SET status = $status, error = $error, bytes_downloaded = $bytes, total_bytes = $total, updated_at = $now WHERE id = $id",
        ("$id", row.Id), ("$status", row.Status), ("$error", row.Error), ("$bytes", row.BytesDownloaded), ("$total", row.TotalBytes), ("$now", Now));

    public DownloadRow? Find(string id) => Rows("WHERE id = $value", id) is [{ } row] ? row : null;

    /// <summary>Those that a stop or a crash has broken off.</summary>
    public IReadOnlyList<DownloadRow> Unfinished() => Rows("WHERE status = $value ORDER BY created_at", "downloading");

    private List<DownloadRow> Rows(string which, string value) => database.Read(reader => reader.Query(
        $"SELECT id, model, status, error, bytes_downloaded, total_bytes FROM downloads {which}",
        row => new DownloadRow(row.GetString(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetInt64(4), row.GetInt64(5)),
        ("$value", value)));

    private void Execute(string sql, params (string Name, object? Value)[] values) => database.Write(writer =>
    {
        writer.Execute(sql, values);
        return true;
    });
}

/// <summary>A download as the database keeps it.</summary>
internal sealed record DownloadRow(string Id, string Model, string Status, string? Error, long BytesDownloaded, long TotalBytes);
