using Microsoft.Data.Sqlite;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The rows of images.</summary>
internal static class ImageRows
{
    public const string Columns = "images.id, images.job_id, index_in_batch, file_path, mime_type, width, height, seed";

    public static List<JobImage> Of(SqliteSession session, string jobId) => session.Query(
        $"SELECT {Columns} FROM images WHERE job_id = $job ORDER BY index_in_batch", ToImage, ("$job", jobId));

    /// <summary>Adds images; those of the same job that are listed already stay.</summary>
    public static void Add(SqliteSession writer, string jobId, IReadOnlyList<JobImage> images, long now)
    {
        foreach (JobImage image in images)
        {
            writer.Execute(
                "INSERT INTO images (id, job_id, index_in_batch, file_path, mime_type, width, height, seed, created_at) " +
                "SELECT $id, $job, $index, $path, $mime, $width, $height, $seed, $now WHERE NOT EXISTS (SELECT 1 FROM images WHERE id = $id AND job_id = $owner)",
                ("$id", image.Id), ("$job", image.JobId), ("$index", image.Index), ("$path", image.FilePath),
                ("$mime", image.MimeType), ("$width", image.Width), ("$height", image.Height), ("$seed", image.Seed), ("$now", now), ("$owner", jobId));
        }
    }

    public static JobImage ToImage(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4), row.GetInt32(5), row.GetInt32(6), row.GetInt64(7));
}
