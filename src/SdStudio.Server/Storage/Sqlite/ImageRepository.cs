using Microsoft.Data.Sqlite;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The rows of pictures.</summary>
internal sealed class ImageRepository(StudioDatabase database)
{
    private const string Columns = "id, job_id, index_in_batch, file_path, mime_type, width, height, seed";

    public JobImage? Find(string id) =>
        database.Read(reader => reader.Query($"SELECT {Columns} FROM images WHERE id = $id", ToImage, ("$id", id))).FirstOrDefault();

    public List<JobImage> Of(string jobId) => database.Read(reader => reader.Query(
        $"SELECT {Columns} FROM images WHERE job_id = $job ORDER BY index_in_batch", ToImage, ("$job", jobId)));

    internal static void Add(SqliteSession writer, IReadOnlyList<JobImage> images)
    {
        foreach (JobImage image in images)
        {
            writer.Execute(
                $"INSERT INTO images ({Columns}) VALUES ($id, $job, $index, $path, $mime, $width, $height, $seed)",
                ("$id", image.Id), ("$job", image.JobId), ("$index", image.Index), ("$path", image.FilePath),
                ("$mime", image.MimeType), ("$width", image.Width), ("$height", image.Height), ("$seed", image.Seed));
        }
    }

    private static JobImage ToImage(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4), row.GetInt32(5), row.GetInt32(6), row.GetInt64(7));
}
