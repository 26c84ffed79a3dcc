using SdStudio.Server.Models.Downloads;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The rows of downloads.</summary>
internal sealed class SqliteDownloadStore(StudioDatabase database, TimeProvider time) : IDownloadStore
{
    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public ValueTask AddAsync(string id, string model, CancellationToken cancellation) => database.ExecuteAsync(
        "INSERT INTO downloads (id, model, status, created_at, updated_at) VALUES ($id, $model, 'downloading', $now, $now)",
        cancellation, ("$id", id), ("$model", model), ("$now", Now));

    public ValueTask SaveAsync(DownloadRow row, CancellationToken cancellation) => database.ExecuteAsync(
        "UPDATE downloads SET status = $status, error = $error, bytes_downloaded = $bytes, total_bytes = $total, updated_at = $now WHERE id = $id",
        cancellation, ("$id", row.Id), ("$status", row.Status), ("$error", row.Error), ("$bytes", row.BytesDownloaded), ("$total", row.TotalBytes), ("$now", Now));

    public ValueTask<DownloadRow?> FindAsync(string id, CancellationToken cancellation) =>
        database.ReadAsync(reader => Rows(reader, "WHERE id = $value", id).FirstOrDefault());

    public ValueTask<IReadOnlyList<DownloadRow>> UnfinishedAsync(CancellationToken cancellation) =>
        database.ReadAsync<IReadOnlyList<DownloadRow>>(reader => Rows(reader, "WHERE status = $value ORDER BY created_at", "downloading"));

    private static List<DownloadRow> Rows(SqliteSession reader, string which, string value) => reader.Query(
        $"SELECT id, model, status, error, bytes_downloaded, total_bytes FROM downloads {which}",
        row => new DownloadRow(row.GetString(0), row.GetString(1), row.GetString(2), JobRows.Text(row, 3), row.GetInt64(4), row.GetInt64(5)),
        ("$value", value));
}
