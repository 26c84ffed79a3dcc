using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Jobs in SQLite: what happens to them. A lease is as long as the process lives, so none has a time.</summary>
internal sealed class SqliteJobStore(StudioDatabase database, TimeProvider time) : IJobStore
{
    private const string NextPlace = "(SELECT 1 + coalesce(max(place), 0) FROM jobs)";
    private const string Held = "id = $id AND status = 'processing' AND worker = $worker AND claim = $claim";

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public ValueTask<Submitted> AddAsync(NewJob job, int maxWaiting, CancellationToken cancellation)
    {
        string settings = JobRows.ToText(job.Settings);
        return database.Writer.WriteAsync(writer => Add(writer, job, settings, maxWaiting), cancellation);
    }

    public ValueTask<ClaimedJob?> ClaimAsync(string worker, string? device, IReadOnlyList<string> candidates, CancellationToken cancellation) =>
        database.Writer.WriteAsync(writer => candidates.Select(id => Claim(writer, id, worker, device)).FirstOrDefault(claimed => claimed is not null), cancellation);

    public ValueTask<Job?> CompleteAsync(Lease lease, JobResult result, CancellationToken cancellation)
    {
        string settings = JobRows.ToText(result.Settings);
        return database.Writer.WriteAsync(
            writer =>
            {
                JobSearch.AddMissing(writer);
                Job? done = writer.Query(
                    "UPDATE jobs SET status = 'completed', progress = 1, settings = $settings, completed_at = $now, updated_at = $now, worker = NULL, " +
                    $"model_loading_ms = $loading, generation_ms = $generation WHERE {Held} RETURNING {JobRows.Columns}",
                    row => JobRows.ToJob(row, result.Settings),
                    [.. Show(lease), ("$settings", settings), ("$loading", result.LoadingMs), ("$generation", result.GenerationMs)]).FirstOrDefault();
                if (done is null)
                    return null;
                ImageRows.Add(writer, lease.JobId, result.Images, Now, result.Settings);
                if (result.Measured is { } measured)
                    SqliteModelCostStore.Add(writer, ModelCosts.KeyOf(result.Settings), result.DeviceClass, measured);
                return done with { ImageCount = result.Images.Count };
            },
            cancellation);
    }

    public ValueTask<bool> AddImageAsync(Lease lease, JobImage image, CancellationToken cancellation) => database.Writer.WriteAsync(
        writer =>
        {
            bool isHeld = writer.Query($"UPDATE jobs SET updated_at = $now WHERE {Held} RETURNING 1", row => true, Show(lease)).Count > 0;
            if (isHeld)
                ImageRows.Add(writer, lease.JobId, [image], Now);
            return isHeld;
        },
        cancellation);

    public ValueTask<DeletedImage> DeleteImageAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.WriteMakingRoomAsync(
        writer =>
        {
            (JobImage Image, string Status, string Owner) found = writer.Query(
                $"SELECT {ImageRows.Columns}, status, jobs.owner FROM images JOIN jobs ON jobs.id = job_id WHERE images.id = $id AND {JobRows.InScopeOfJobs}",
                row => (ImageRows.ToImage(row), row.GetString(ImageRows.ColumnCount), row.GetString(ImageRows.ColumnCount + 1)), ("$id", id), JobRows.OwnerOf(scope)).FirstOrDefault();
            if (found.Image is not { } image)
                return new DeletedImage(Image: null, IsRunning: false, Job: null);
            if (!JobStatus.IsFinal(found.Status))
                return new DeletedImage(image, IsRunning: true, Job: null);
            bool isLast = ImageRows.Of(writer, image.JobId).Count == 1;
            DeletedJob? job = isLast ? Delete(writer, image.JobId, scope) : null;
            if (!isLast)
                writer.Execute("DELETE FROM images WHERE id = $id", ("$id", id));
            return new DeletedImage(image, IsRunning: false, job, found.Owner);
        },
        cancellation);

    public ValueTask<Job?> FailAsync(Lease lease, JobFailure failure, CancellationToken cancellation) => WriteJobAsync(
        "UPDATE jobs SET status = 'failed', error = $error, error_code = $code, progress = $progress, completed_at = $now, updated_at = $now, " +
        $"worker = NULL WHERE {Held} RETURNING {JobRows.Columns}",
        cancellation, [.. Show(lease), ("$error", failure.Message), ("$code", failure.Code), ("$progress", failure.Progress)]);

    public ValueTask<Job?> CancelledAsync(Lease lease, double progress, CancellationToken cancellation) => WriteJobAsync(
        "UPDATE jobs SET status = 'cancelled', progress = $progress, completed_at = $now, updated_at = $now, worker = NULL " +
        $"WHERE {Held} RETURNING {JobRows.Columns}",
        cancellation, [.. Show(lease), ("$progress", progress)]);

    public ValueTask<Job?> PutBackAsync(Lease lease, CancellationToken cancellation) => WriteJobAsync(
        "UPDATE jobs SET status = 'pending', attempts = attempts - 1, started_at = NULL, updated_at = $now, worker = NULL " +
        $"WHERE {Held} RETURNING {JobRows.Columns}",
        cancellation, Show(lease));

    public ValueTask NoteStopAsync(Lease lease, CancellationToken cancellation) =>
        database.ExecuteAsync($"UPDATE jobs SET stop_noted = 1 WHERE {Held}", cancellation, Show(lease));

    public ValueTask<CancelRequest> RequestCancelAsync(string id, OwnerScope scope, bool evenRunning, CancellationToken cancellation) => database.Writer.WriteAsync(
        writer =>
        {
            (string, object?)[] values = [("$id", id), JobRows.OwnerOf(scope), ("$now", Now)];
            Job? ended = writer.Query(
                "UPDATE jobs SET status = 'cancelled', progress = 0, completed_at = $now, updated_at = $now " +
                $"WHERE id = $id AND status = 'pending' AND {JobRows.InScope} RETURNING {JobRows.Columns}",
                JobRows.ToJob, values).FirstOrDefault();
            bool isRunning = ended is null && evenRunning && writer.Query(
                $"UPDATE jobs SET cancel_requested = 1, updated_at = $now WHERE id = $id AND status = 'processing' AND {JobRows.InScope} RETURNING 1",
                row => true, values).Count > 0;
            return new CancelRequest(ended, isRunning);
        },
        cancellation);

    public async ValueTask<IReadOnlyList<Job>> CancelWaitingAsync(OwnerScope scope, CancellationToken cancellation) => await database.Writer.WriteAsync(
        writer => writer.Query(
            "UPDATE jobs SET status = 'cancelled', completed_at = $now, updated_at = $now " +
            $"WHERE status = 'pending' AND {JobRows.InScope} RETURNING {JobRows.Columns}",
            JobRows.ToJob, JobRows.OwnerOf(scope), ("$now", Now)),
        cancellation).ConfigureAwait(false);

    public ValueTask<Job?> RetryAsync(string id, OwnerScope scope, int maxWaiting, CancellationToken cancellation) => database.Writer.WriteAsync(
        writer =>
        {
            Job? again = writer.Query(
                "UPDATE jobs SET status = 'pending', attempts = 0, deaths = 0, progress = 0, error = NULL, error_code = NULL, cancel_requested = 0, " +
                $"queued_at = $now, is_placed = 0, place = {NextPlace}, updated_at = $now, started_at = NULL, completed_at = NULL, device = NULL " +
                $"WHERE id = $id AND status IN ('failed', 'cancelled') AND {JobRows.InScope} RETURNING {JobRows.Columns}",
                JobRows.ToJob, ("$id", id), JobRows.OwnerOf(scope), ("$now", Now)).FirstOrDefault();
            // It is one of those that wait already; the exception undoes that.
            return again is not null && Waiting(writer) > maxWaiting ? throw new QueueFullException(maxWaiting) : again;
        },
        cancellation);

    public ValueTask<Job?> SetPriorityAsync(string id, OwnerScope scope, int priority, CancellationToken cancellation) => WriteJobAsync(
        "UPDATE jobs SET priority = $priority, is_placed = 0, updated_at = $now " +
        $"WHERE id = $id AND status = 'pending' AND {JobRows.InScope} RETURNING {JobRows.Columns}",
        cancellation, ("$id", id), JobRows.OwnerOf(scope), ("$priority", priority), ("$now", Now));

    public ValueTask<Job?> MoveAsync(string id, string other, bool after, OwnerScope scope, CancellationToken cancellation) =>
        database.Writer.WriteAsync(writer => Move(writer, id, other, after, scope), cancellation);

    public ValueTask<Job?> RecoverAsync(string id, JobFailure? failure, bool counts, CancellationToken cancellation) => WriteJobAsync(
        "UPDATE jobs SET updated_at = $now, worker = NULL, deaths = deaths + $counts, attempts = attempts - stop_noted, " +
        "status = CASE WHEN cancel_requested THEN 'cancelled' WHEN $error IS NOT NULL THEN 'failed' ELSE 'pending' END, " +
        "completed_at = CASE WHEN cancel_requested OR $error IS NOT NULL THEN $now END, " +
        "started_at = CASE WHEN cancel_requested OR $error IS NOT NULL THEN started_at END, " +
        "error = CASE WHEN NOT cancel_requested THEN $error END, error_code = CASE WHEN NOT cancel_requested THEN $code END, stop_noted = 0 " +
        $"WHERE id = $id AND status = 'processing' RETURNING {JobRows.Columns}",
        cancellation, ("$id", id), ("$counts", counts ? 1 : 0), ("$error", failure?.Message), ("$code", failure?.Code), ("$now", Now));

    public async ValueTask<IReadOnlyList<DeletedJob>> DeleteAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation) => await database.WriteMakingRoomAsync(
        writer =>
        {
            List<DeletedJob> deleted = [];
            foreach (string id in ids)
            {
                if (Delete(writer, id, scope) is { } job)
                    deleted.Add(job);
            }

            return deleted;
        },
        cancellation).ConfigureAwait(false);

    private static DeletedJob? Delete(SqliteSession writer, string id, OwnerScope scope)
    {
        List<JobImage> images = ImageRows.Of(writer, id);
        return writer.Query(
            $"DELETE FROM jobs WHERE id = $id AND status NOT IN ('pending', 'processing') AND {JobRows.InScope} " +
            "RETURNING owner, json_extract(settings, '$.input_image'), json_extract(settings, '$.mask_image'), json_extract(settings, '$.video.end_image'), " +
            "json_extract(settings, '$.video.control_frames')",
            row => new DeletedJob(id, row.GetString(0), images, [.. Enumerable.Range(1, 4).Select(column => JobRows.Text(row, column)).OfType<string>()]),
            ("$id", id), JobRows.OwnerOf(scope)).FirstOrDefault();
    }

    private Submitted Add(SqliteSession writer, NewJob job, string settings, int maxWaiting)
    {
        (string id, GenerationSettings generation, SubmitOptions options) = job;
        if (options.IdempotencyKey is { } key && FindByKey(writer, options.Owner, key, options.Fingerprint) is { } earlier)
            return new Submitted(earlier, IsNew: false);
        if (Waiting(writer) >= maxWaiting)
            throw new QueueFullException(maxWaiting);
        long now = Now;
        long number = writer.Query(
            "INSERT INTO jobs (id, type, model, settings, owner, idempotency_key, fingerprint, priority, status, created_at, queued_at, updated_at, place) " +
            $"VALUES ($id, $type, $model, $settings, $owner, $key, $fingerprint, $priority, 'pending', $now, $now, $now, {NextPlace}) RETURNING number",
            row => row.GetInt64(0),
            ("$id", id), ("$type", generation.Type), ("$model", generation.Model), ("$settings", settings), ("$owner", options.Owner),
            ("$key", options.IdempotencyKey), ("$fingerprint", options.Fingerprint), ("$priority", options.Priority), ("$now", now))[0];
        var added = new Job(
            number, id, generation, options.Owner, options.Priority, JobStatus.Pending, Progress: 0, Error: null, ErrorCode: null, Attempts: 0, CancelRequested: false,
            CreatedAt: now, QueuedAt: now, UpdatedAt: now, StartedAt: null, CompletedAt: null, ModelLoadingMs: null, GenerationMs: null, ImageCount: 0);
        return new Submitted(added, IsNew: true);
    }

    private ClaimedJob? Claim(SqliteSession writer, string id, string worker, string? device)
    {
        ClaimedJob? claimed = writer.Query(
            "UPDATE jobs SET status = 'processing', attempts = attempts + 1, claim = claim + 1, worker = $worker, device = $device, stop_noted = 0, " +
            "started_at = $now, updated_at = $now WHERE id = $id AND status = 'pending' " +
            $"AND NOT EXISTS (SELECT 1 FROM studio_state WHERE key = '{SqliteSharedState.PausedKey}' AND value = 'true') RETURNING {JobRows.Columns}, claim",
            row => new ClaimedJob(JobRows.ToJob(row), new Lease(id, worker, row.GetInt64(JobRows.ColumnCount))),
            ("$id", id), ("$worker", worker), ("$device", device), ("$now", Now)).FirstOrDefault();
        if (claimed is not null)
        {
            writer.Execute(
                "INSERT INTO owners (owner, served) SELECT $owner, 1 + coalesce(max(served), 0) FROM owners WHERE true " +
                "ON CONFLICT (owner) DO UPDATE SET served = excluded.served",
                ("$owner", claimed.Job.Owner));
        }

        return claimed;
    }

    private Job? Move(SqliteSession writer, string id, string other, bool after, OwnerScope scope)
    {
        (long Place, int Priority, long QueuedAt)? Where(string job) => writer.Query(
            $"SELECT place, priority, queued_at FROM jobs WHERE id = $id AND status = 'pending' AND {JobRows.InScope}",
            row => ((long, int, long)?)(row.GetInt64(0), row.GetInt32(1), row.GetInt64(2)), ("$id", job), JobRows.OwnerOf(scope)).FirstOrDefault();
        if (id == other || Where(id) is not { } from || Where(other) is not { } at)
            return null;
        // Those between the two places make room by one, towards the place that becomes free. Running ones too: they may come back.
        bool up = from.Place > at.Place;
        long to = at.Place + (up ? (after ? 1 : 0) : (after ? 0 : -1));
        writer.Execute(
            "UPDATE jobs SET place = place + $by WHERE status IN ('pending', 'processing') AND place BETWEEN $low AND $high",
            ("$by", up ? 1 : -1), ("$low", up ? to : from.Place), ("$high", up ? from.Place : to));
        return writer.Query(
            "UPDATE jobs SET place = $place, is_placed = $placed, priority = $priority, queued_at = $queued, updated_at = $now " +
            $"WHERE id = $id RETURNING {JobRows.Columns}",
            JobRows.ToJob, ("$place", to), ("$placed", (int)(after ? Placement.AfterPrevious : Placement.BeforeNext)), ("$priority", at.Priority),
            ("$queued", at.QueuedAt), ("$now", Now), ("$id", id))[0];
    }

    private static long Waiting(SqliteSession session) =>
        session.Query("SELECT coalesce(sum(n), 0) FROM counts WHERE kind = 'status' AND name = 'pending'", row => row.GetInt64(0))[0];

    private static Job? FindByKey(SqliteSession session, string owner, string key, string? fingerprint)
    {
        (Job Job, string? Fingerprint) row = session.Query(
            $"SELECT {JobRows.Columns}, fingerprint FROM jobs WHERE owner = $owner AND idempotency_key = $key",
            row => (JobRows.ToJob(row), JobRows.Text(row, JobRows.ColumnCount)), ("$owner", owner), ("$key", key)).FirstOrDefault();
        return row.Job is null || row.Fingerprint == fingerprint ? row.Job : throw new IdempotencyKeyException(key);
    }

    private (string, object?)[] Show(Lease lease) => [("$id", lease.JobId), ("$worker", lease.Worker), ("$claim", lease.Claim), ("$now", Now)];

    private ValueTask<Job?> WriteJobAsync(string sql, CancellationToken cancellation, params (string Name, object? Value)[] values) =>
        database.Writer.WriteAsync(writer => writer.Query(sql, JobRows.ToJob, values).FirstOrDefault(), cancellation);
}
