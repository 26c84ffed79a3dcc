using Microsoft.Data.Sqlite;
using SdStudio.Server.Jobs;

namespace SdStudio.Server.Storage;

/// <summary>Jobs and their pictures in SQLite.</summary>
internal sealed class JobStore(StudioDatabase database, TimeProvider time)
{
    private const string JobColumns =
        "id, type, model, prompt, negative_prompt, width, height, seed, n, quality, style, steps, cfg_scale, sampler, scheduler, clip_skip, " +
        "status, progress, error, error_code, attempts, created_at, updated_at, started_at, completed_at, model_loading_ms, generation_ms";

    private const string ImageColumns = "id, job_id, index_in_batch, file_path, mime_type, width, height, seed";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>On disk when this returns.</summary>
    public Job Add(string id, JobSettings settings) => WriteJob(
        "INSERT INTO jobs (id, type, model, prompt, negative_prompt, width, height, seed, n, quality, style, steps, cfg_scale, " +
        "sampler, scheduler, clip_skip, status, created_at, updated_at) VALUES ($id, $type, $model, $prompt, $negative, $width, " +
        $"$height, $seed, $n, $quality, $style, $steps, $cfg, $sampler, $scheduler, $clip, 'pending', $now, $now) RETURNING {JobColumns}",
        ("$id", id), ("$type", settings.Type), ("$model", settings.Model), ("$prompt", settings.Prompt),
        ("$negative", settings.NegativePrompt), ("$width", settings.Width), ("$height", settings.Height), ("$seed", settings.Seed),
        ("$n", settings.Count), ("$quality", settings.Quality), ("$style", settings.Style), ("$steps", settings.Steps),
        ("$cfg", settings.CfgScale), ("$sampler", settings.Sampler), ("$scheduler", settings.Scheduler),
        ("$clip", settings.ClipSkip), ("$now", Now))!;

    /// <summary>Takes the next waiting job and counts the attempt, before anything of it reaches the engine. Null when none waits.</summary>
    public Job? ClaimNext() => WriteJob(
        "UPDATE jobs SET status = 'processing', attempts = attempts + 1, started_at = $now, updated_at = $now WHERE id = " +
        $"(SELECT id FROM jobs WHERE status = 'pending' ORDER BY priority DESC, created_at, rowid LIMIT 1) RETURNING {JobColumns}",
        ("$now", Now));

    /// <summary>The pictures and the job's end become visible together.</summary>
    public Job Complete(string id, IReadOnlyList<JobImage> images, long loadingMs, long generationMs) => database.Write(writer =>
    {
        foreach (JobImage image in images)
        {
            writer.Execute(
                $"INSERT INTO images ({ImageColumns}) VALUES ($id, $job, $index, $path, $mime, $width, $height, $seed)",
                ("$id", image.Id), ("$job", image.JobId), ("$index", image.Index), ("$path", image.FilePath),
                ("$mime", image.MimeType), ("$width", image.Width), ("$height", image.Height), ("$seed", image.Seed));
        }

        return writer.Query(
            "UPDATE jobs SET status = 'completed', progress = 1, completed_at = $now, updated_at = $now, model_loading_ms = $loading, " +
            $"generation_ms = $generation WHERE id = $id RETURNING {JobColumns}",
            ToJob,
            ("$id", id), ("$now", Now), ("$loading", loadingMs), ("$generation", generationMs))[0];
    });

    public Job Fail(string id, string error, string errorCode, double progress) => WriteJob(
        "UPDATE jobs SET status = 'failed', error = $error, error_code = $code, progress = $progress, completed_at = $now, " +
        $"updated_at = $now WHERE id = $id RETURNING {JobColumns}",
        ("$id", id), ("$error", error), ("$code", errorCode), ("$progress", progress), ("$now", Now))!;

    /// <summary>Puts a job back that the server's own stop interrupted: that attempt does not count.</summary>
    public void PutBack(string id) => WriteJob(
        "UPDATE jobs SET status = 'pending', attempts = attempts - 1, started_at = NULL, updated_at = $now " +
        $"WHERE id = $id RETURNING {JobColumns}",
        ("$id", id), ("$now", Now));

    /// <summary>Lets a job run again that the last process left in the middle; its attempt stays counted.</summary>
    public void Retry(string id) => WriteJob(
        $"UPDATE jobs SET status = 'pending', started_at = NULL, updated_at = $now WHERE id = $id RETURNING {JobColumns}",
        ("$id", id), ("$now", Now));

    /// <summary>Jobs that the last process left in the middle.</summary>
    public List<Job> Interrupted() =>
        database.Read(reader => reader.Query($"SELECT {JobColumns} FROM jobs WHERE status = 'processing' ORDER BY created_at", ToJob));

    public Job? Find(string id) =>
        database.Read(reader => reader.Query($"SELECT {JobColumns} FROM jobs WHERE id = $id", ToJob, ("$id", id))).FirstOrDefault();

    /// <summary>Finished generations with the number of their pictures, newest first.</summary>
    public List<(Job Job, int ImageCount)> Completed(int limit, int offset) => database.Read(reader => reader.Query(
        $"SELECT {JobColumns}, (SELECT count(*) FROM images WHERE job_id = jobs.id) FROM jobs WHERE status = 'completed' " +
        "ORDER BY created_at DESC, rowid DESC LIMIT $limit OFFSET $offset",
        row => (ToJob(row), row.GetInt32(row.FieldCount - 1)),
        ("$limit", limit), ("$offset", offset)));

    public List<JobImage> ImagesOf(string jobId) => database.Read(reader => reader.Query(
        $"SELECT {ImageColumns} FROM images WHERE job_id = $job ORDER BY index_in_batch", ToImage, ("$job", jobId)));

    public JobImage? FindImage(string id) =>
        database.Read(reader => reader.Query($"SELECT {ImageColumns} FROM images WHERE id = $id", ToImage, ("$id", id))).FirstOrDefault();

    private Job? WriteJob(string sql, params (string Name, object? Value)[] values) =>
        database.Write(writer => writer.Query(sql, ToJob, values)).FirstOrDefault();

    private static JobImage ToImage(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4), row.GetInt32(5), row.GetInt32(6), row.GetInt64(7));

    private static Job ToJob(SqliteDataReader row) => new(
        row.GetString(0),
        new JobSettings
        {
            Type = row.GetString(1),
            Model = row.GetString(2),
            Prompt = row.GetString(3),
            NegativePrompt = Text(row, 4),
            Width = row.GetInt32(5),
            Height = row.GetInt32(6),
            Seed = row.GetInt64(7),
            Count = row.GetInt32(8),
            Quality = Text(row, 9),
            Style = Text(row, 10),
            Steps = row.GetInt32(11),
            CfgScale = row.GetDouble(12),
            Sampler = Text(row, 13),
            Scheduler = Text(row, 14),
            ClipSkip = row.GetInt32(15),
        },
        row.GetString(16), row.GetDouble(17), Text(row, 18), Text(row, 19), row.GetInt32(20), row.GetInt64(21), row.GetInt64(22),
        Long(row, 23), Long(row, 24), Long(row, 25), Long(row, 26));

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static long? Long(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
}
