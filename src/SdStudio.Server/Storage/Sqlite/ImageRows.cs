using System.Data.Common;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The rows of images.</summary>
internal static class ImageRows
{
    public const string Columns = "images.id, images.job_id, index_in_batch, file_path, mime_type, width, height, seed, images.settings, images.device";

    /// <summary>How many <see cref="Columns"/> there are: where those behind them begin.</summary>
    public const int ColumnCount = 10;

    public static List<JobImage> Of(SqliteSession session, string jobId) => session.Query(
        $"SELECT {Columns} FROM images WHERE job_id = $job ORDER BY index_in_batch", ToImage, ("$job", jobId));

    /// <summary>Adds images; those of the same job that are listed already stay.</summary>
    /// <param name="writer">The transaction.</param>
    /// <param name="jobId">Whose images.</param>
    /// <param name="images">The images.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="ofJob">The settings in the job's row, where they need not be read.</param>
    public static void Add(SqliteSession writer, string jobId, IReadOnlyList<JobImage> images, long now, GenerationSettings? ofJob = null)
    {
        (string Owner, string Settings) job = writer.Query("SELECT owner, settings FROM jobs WHERE id = $id", row => (row.GetString(0), row.GetString(1)), ("$id", jobId))[0];
        foreach (JobImage image in images)
        {
            if (writer.Query("SELECT 1 FROM images WHERE id = $id AND job_id = $job", row => true, ("$id", image.Id), ("$job", jobId)).Count == 0)
                Add(writer, image, image.Settings ?? (ofJob ??= JobRows.ToSettings(job.Settings)), job.Owner, now);
        }
    }

    private static void Add(SqliteSession writer, JobImage image, GenerationSettings settings, string owner, long now)
    {
        long number = writer.Query(
            "INSERT INTO images (id, job_id, index_in_batch, file_path, mime_type, width, height, seed, created_at, owner, type, model, settings, board, device) " +
            "VALUES ($id, $job, $index, $path, $mime, $width, $height, $seed, $now, $owner, $type, $model, $settings, (SELECT id FROM boards WHERE id = $board), $device) RETURNING number",
            row => row.GetInt64(0),
            ("$id", image.Id), ("$job", image.JobId), ("$index", image.Index), ("$path", image.FilePath), ("$mime", image.MimeType), ("$width", image.Width),
            ("$height", image.Height), ("$seed", image.Seed), ("$now", now), ("$owner", owner), ("$type", settings.Type), ("$model", settings.Model),
            ("$settings", image.Settings is null ? null : JobRows.ToText(image.Settings)), ("$board", settings.Board), ("$device", image.Device))[0];
        writer.Execute("INSERT INTO image_search (rowid, words) VALUES ($number, $words)", ("$number", number), ("$words", SearchText.Of(settings.Prompt)));
        foreach (LoraSetting lora in settings.Loras ?? [])
            writer.Execute("INSERT OR IGNORE INTO image_loras VALUES ($lora, $number)", ("$lora", lora.Name), ("$number", number));
    }

    public static JobImage ToImage(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4), row.GetInt32(5), row.GetInt32(6), row.GetInt64(7))
    {
        Settings = row.IsDBNull(8) ? null : JobRows.ToSettings(row.GetString(8)),
        Device = row.IsDBNull(9) ? null : row.GetString(9),
    };
}
