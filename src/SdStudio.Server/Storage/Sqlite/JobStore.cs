using System.Text.Json;
using Microsoft.Data.Sqlite;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Jobs in SQLite: what happens to them.</summary>
internal sealed class JobStore(StudioDatabase database, TimeProvider time)
{
    internal const string Columns =
        "number, id, settings, owner, priority, status, progress, error, error_code, attempts, cancel_requested, created_at, queued_at, " +
        "updated_at, started_at, completed_at, model_loading_ms, generation_ms, (SELECT count(*) FROM images WHERE job_id = jobs.id)";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>On disk when this returns. With a key that its owner has used before, nothing is added and that job comes back.</summary>
    /// <exception cref="QueueFullException">As many jobs wait as may.</exception>
    public (Job Job, bool Added) Add(string id, GenerationSettings settings, SubmitOptions order, int maxWaiting) => database.Write(writer =>
    {
        if (order.IdempotencyKey is { } key && FindByKey(writer, order.Owner, key, order.Fingerprint) is { } earlier)
            return (earlier, false);
        if (writer.Query("SELECT jobs FROM job_counts WHERE status = 'pending'", row => row.GetInt64(0)).FirstOrDefault() >= maxWaiting)
            throw new QueueFullException(maxWaiting);
        Job job = writer.Query(
            "INSERT INTO jobs (id, type, model, settings, owner, idempotency_key, fingerprint, priority, status, created_at, queued_at, updated_at) " +
            $"VALUES ($id, $type, $model, $settings, $owner, $key, $fingerprint, $priority, 'pending', $now, $now, $now) RETURNING {Columns}",
            ToJob,
            ("$id", id), ("$type", settings.Type), ("$model", settings.Model), ("$settings", ToText(settings)), ("$owner", order.Owner),
            ("$key", order.IdempotencyKey), ("$fingerprint", order.Fingerprint), ("$priority", order.Priority), ("$now", Now))[0];
        return (job, true);
    });

    /// <summary>Takes a waiting job and counts the attempt, before anything of it reaches the engine. Null when it waits no more.</summary>
    public Job? Claim(string id) => WriteJob(
        "UPDATE jobs SET status = 'processing', attempts = attempts + 1, started_at = $now, updated_at = $now " +
        $"WHERE id = $id AND status = 'pending' RETURNING {Columns}",
        ("$id", id), ("$now", Now));

    /// <summary>The pictures and the job's end become visible together. Null when the job is not running any more.</summary>
    public Job? Complete(string id, GenerationSettings settings, IReadOnlyList<JobImage> images, long loadingMs, long generationMs) => database.Write(writer =>
    {
        List<Job> done = writer.Query(
            "UPDATE jobs SET status = 'completed', progress = 1, settings = $settings, completed_at = $now, updated_at = $now, " +
            $"model_loading_ms = $loading, generation_ms = $generation WHERE id = $id AND status = 'processing' RETURNING {Columns}",
            ToJob,
            ("$id", id), ("$settings", ToText(settings)), ("$now", Now), ("$loading", loadingMs), ("$generation", generationMs));
        if (done.Count == 0)
            return null;
        ImageRepository.Add(writer, images);
        return done[0] with { ImageCount = images.Count };
    });

    public Job? Fail(string id, string error, string errorCode, double progress) => WriteJob(
        "UPDATE jobs SET status = 'failed', error = $error, error_code = $code, progress = $progress, completed_at = $now, " +
        $"updated_at = $now WHERE id = $id AND status = 'processing' RETURNING {Columns}",
        ("$id", id), ("$error", error), ("$code", errorCode), ("$progress", progress), ("$now", Now));

    /// <summary>Ends a waiting job, and a running one whose engine has stopped.</summary>
    public Job? Cancel(string id, bool running, double progress) => WriteJob(
        "UPDATE jobs SET status = 'cancelled', progress = $progress, completed_at = $now, updated_at = $now " +
        $"WHERE id = $id AND status = $status RETURNING {Columns}",
        ("$id", id), ("$progress", progress), ("$status", running ? JobStatus.Processing : JobStatus.Pending), ("$now", Now));

    /// <summary>Ends every waiting job (of one owner, or of all).</summary>
    public List<Job> CancelWaiting(string? owner) => database.Write(writer => writer.Query(
        "UPDATE jobs SET status = 'cancelled', completed_at = $now, updated_at = $now WHERE status = 'pending' AND ($owner IS NULL OR owner = $owner) " +
        $"RETURNING {Columns}",
        ToJob, ("$owner", owner), ("$now", Now)));

    /// <summary>Remembers that a running job is to end, so that a crash before it has does not bring it back.</summary>
    public Job? RequestCancel(string id) => WriteJob(
        $"UPDATE jobs SET cancel_requested = 1, updated_at = $now WHERE id = $id AND status = 'processing' RETURNING {Columns}", ("$id", id), ("$now", Now));

    /// <summary>Puts a job back that the server's own stop interrupted: that attempt does not count.</summary>
    public Job? PutBack(string id) => WriteJob(
        "UPDATE jobs SET status = 'pending', attempts = attempts - 1, started_at = NULL, updated_at = $now " +
        $"WHERE id = $id AND status = 'processing' RETURNING {Columns}",
        ("$id", id), ("$now", Now));

    /// <summary>Lets a job run again that the last process left in the middle; its attempt stays counted.</summary>
    public void Recover(string id) => WriteJob(
        $"UPDATE jobs SET status = 'pending', started_at = NULL, updated_at = $now WHERE id = $id RETURNING {Columns}", ("$id", id), ("$now", Now));

    /// <summary>Sends a failed or cancelled job to the end of the queue, as if it were new.</summary>
    public Job? Retry(string id) => WriteJob(
        "UPDATE jobs SET status = 'pending', attempts = 0, progress = 0, error = NULL, error_code = NULL, cancel_requested = 0, queued_at = $now, is_placed = 0, " +
        "place = 1 + max((SELECT max(number) FROM jobs), coalesce((SELECT max(place) FROM jobs WHERE status = 'pending'), 0)), " +
        $"updated_at = $now, started_at = NULL, completed_at = NULL WHERE id = $id AND status IN ('failed', 'cancelled') RETURNING {Columns}",
        ("$id", id), ("$now", Now));

    public Job? SetPriority(string id, int priority) => WriteJob(
        $"UPDATE jobs SET priority = $priority, updated_at = $now WHERE id = $id AND status = 'pending' RETURNING {Columns}",
        ("$id", id), ("$priority", priority), ("$now", Now));

    /// <summary>Puts a waiting job directly before or after another one: it takes that one's priority and the time it has waited too.</summary>
    /// <returns>The job; null when one of the two does not wait.</returns>
    public Job? Move(string id, string other, bool after) => database.Write(writer =>
    {
        (long Place, int Priority, long QueuedAt)? Where(string job) => writer.Query(
            "SELECT coalesce(place, number), priority, queued_at FROM jobs WHERE id = $id AND status = 'pending'",
            row => ((long, int, long)?)(row.GetInt64(0), row.GetInt32(1), row.GetInt64(2)), ("$id", job)).FirstOrDefault();
        if (Where(id) is not { } from || Where(other) is not { } at)
            return null;
        // Those between the two places make room by one, towards the place that becomes free.
        bool up = from.Place > at.Place;
        long to = at.Place + (up ? (after ? 1 : 0) : (after ? 0 : -1));
        writer.Execute(
            "UPDATE jobs SET place = coalesce(place, number) + $by WHERE status = 'pending' AND coalesce(place, number) BETWEEN $low AND $high",
            ("$by", up ? 1 : -1), ("$low", up ? to : from.Place), ("$high", up ? from.Place : to));
        return writer.Query(
            "UPDATE jobs SET place = $place, is_placed = 1, priority = $priority, queued_at = $queued, updated_at = $now " +
            $"WHERE id = $id RETURNING {Columns}",
            ToJob, ("$place", to), ("$priority", at.Priority), ("$queued", at.QueuedAt), ("$now", Now), ("$id", id))[0];
    });

    /// <summary>Removes a job that has ended, with its pictures' rows.</summary>
    /// <returns>Whether it was there and had ended.</returns>
    public bool Delete(string id) => database.Write(writer => writer.Query(
        "DELETE FROM jobs WHERE id = $id AND status NOT IN ('pending', 'processing') RETURNING id", row => row.GetString(0), ("$id", id))).Count > 0;

    /// <summary>Removes those of the jobs that have ended.</summary>
    /// <returns>How many.</returns>
    public int DeleteAll(IEnumerable<string> ids) => database.Write(writer => ids.Sum(id => writer.Query(
        "DELETE FROM jobs WHERE id = $id AND status NOT IN ('pending', 'processing') RETURNING id", row => row.GetString(0), ("$id", id)).Count));

    internal static Job ToJob(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), ToSettings(row.GetString(2)), row.GetString(3), row.GetInt32(4), row.GetString(5), row.GetDouble(6),
        Text(row, 7), Text(row, 8), row.GetInt32(9), row.GetBoolean(10), row.GetInt64(11), row.GetInt64(12), row.GetInt64(13), Long(row, 14),
        Long(row, 15), Long(row, 16), Long(row, 17), row.GetInt32(18));

    private static Job? FindByKey(SqliteSession session, string owner, string key, string? fingerprint)
    {
        (Job Job, string? Fingerprint) row = session.Query(
            $"SELECT {Columns}, fingerprint FROM jobs WHERE owner = $owner AND idempotency_key = $key",
            row => (ToJob(row), Text(row, 19)), ("$owner", owner), ("$key", key)).FirstOrDefault();
        return row.Job is null || row.Fingerprint == fingerprint ? row.Job : throw new IdempotencyKeyException(key);
    }

    private Job? WriteJob(string sql, params (string Name, object? Value)[] values) =>
        database.Write(writer => writer.Query(sql, ToJob, values)).FirstOrDefault();

    private static string ToText(GenerationSettings settings) => JsonSerializer.Serialize(settings, StorageJson.Default.GenerationSettings);

    private static GenerationSettings ToSettings(string text) => JsonSerializer.Deserialize(text, StorageJson.Default.GenerationSettings)!;

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static long? Long(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
}
