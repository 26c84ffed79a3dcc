using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// Jobs in PostgreSQL: what happens to them. A job is its worker's for a time, which the worker prolongs while it lives; all times are those of
/// the database's clock. Bells ring with the transaction that they tell of.
/// </summary>
/// <param name="database">Where they are.</param>
/// <param name="node">This machine.</param>
/// <param name="lease">How long a job belongs to its worker.</param>
internal sealed class PostgresJobStore(PostgresDatabase database, NodeIdentity node, LeaseTime lease) : IJobStore
{
    // Whoever adds one of the last jobs that may wait counts alone: as many transactions as this may be under way beside it.
    private const int NearTheLimit = 1000;
    private const long LimitLock = 0x5D57_0D10_0002;
    private const long MoveLock = 0x5D57_0D10_0003;
    private const string Held = "id = @id AND status = 'processing' AND worker = @worker AND claim = @claim";
    private const string Ended = "completed_at = sdstudio_now(), updated_at = sdstudio_now(), worker = NULL, lease_until = NULL";

    public ValueTask<Submitted> AddAsync(NewJob job, int maxWaiting, CancellationToken cancellation)
    {
        string settings = JobRows.ToText(job.Settings);
        return database.WriteAsync(session => AddAsync(session, job, settings, maxWaiting), cancellation);
    }

    public ValueTask<ClaimedJob?> ClaimAsync(string worker, string? device, IReadOnlyList<string> candidates, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            ClaimedJob? claimed = await session.FirstAsync(
                "WITH pick AS (SELECT number FROM jobs WHERE status = 'pending' AND id = ANY(@candidates) " +
                $"AND NOT EXISTS (SELECT 1 FROM studio_state WHERE key = '{PostgresSharedState.PausedKey}' AND value = 'true') " +
                "AND NOT EXISTS (SELECT 1 FROM nodes WHERE id = @node AND is_drained) " +
                "ORDER BY array_position(@candidates, id) LIMIT 1 FOR UPDATE SKIP LOCKED) " +
                "UPDATE jobs SET status = 'processing', attempts = attempts + 1, claim = claim + 1, worker = @worker, device = @device, stop_noted = false, " +
                "lease_until = sdstudio_now() + @lease, started_at = sdstudio_now(), updated_at = sdstudio_now() " +
                $"FROM pick WHERE jobs.number = pick.number RETURNING {PostgresRows.JobColumns.Replace("number,", "jobs.number,", StringComparison.Ordinal)}, claim",
                row => new ClaimedJob(JobRows.ToJob(row), new Lease(row.GetString(1), worker, row.GetInt64(JobRows.ColumnCount))),
                ("candidates", candidates.ToArray()), ("node", node.Id), ("worker", worker), ("device", device), ("lease", lease.Milliseconds)).ConfigureAwait(false);
            if (claimed is not null)
            {
                session.Tell(JobNews.Updated(claimed.Job));
                long turn = await session.FirstAsync(
                    "INSERT INTO owners VALUES (@owner, nextval('owner_turns')) ON CONFLICT (owner) DO UPDATE SET served = excluded.served RETURNING served",
                    row => row.GetInt64(0), ("owner", claimed.Job.Owner)).ConfigureAwait(false);
                PostgresBells.Ring(session, LineNews.Begun(claimed.Job, turn));
            }

            return claimed;
        },
        cancellation);

    public ValueTask<Job?> CompleteAsync(Lease lease, JobResult result, CancellationToken cancellation)
    {
        string settings = JobRows.ToText(result.Settings);
        return database.WriteAsync(
            async session =>
            {
                Job? done = await session.FirstAsync(
                    $"UPDATE jobs SET status = 'completed', progress = 1, settings = @settings, {Ended}, " +
                    $"model_loading_ms = @loading, generation_ms = @generation WHERE {Held} RETURNING {PostgresRows.JobColumns}",
                    row => JobRows.ToJob(row, result.Settings),
                    [.. Show(lease), ("settings", settings), ("loading", result.LoadingMs), ("generation", result.GenerationMs)]).ConfigureAwait(false);
                if (done is null)
                    return null;
                await PostgresRows.AddImagesAsync(session, lease.JobId, result.Images, tells: true).ConfigureAwait(false);
                if (result.Measured is { } measured)
                    await PostgresModelCostStore.AddAsync(session, ModelCosts.KeyOf(result.Settings), result.DeviceClass, measured).ConfigureAwait(false);
                done = done with { ImageCount = result.Images.Count };
                session.Tell(JobNews.Completed(done, result.Images));
                session.Ring(PostgresBells.Ended, lease.JobId);
                return done;
            },
            cancellation);
    }

    public ValueTask<bool> AddImageAsync(Lease lease, JobImage image, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            bool isHeld = await session.ExecuteAsync($"UPDATE jobs SET updated_at = sdstudio_now() WHERE {Held}", Show(lease)).ConfigureAwait(false) > 0;
            if (isHeld)
                await PostgresRows.AddImagesAsync(session, lease.JobId, [image], tells: true).ConfigureAwait(false);
            return isHeld;
        },
        cancellation);

    public ValueTask<DeletedImage> DeleteImageAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            (JobImage Image, string Status, string Owner) found = await session.FirstAsync(
                $"SELECT {ImageRows.Columns}, status, jobs.owner FROM images JOIN jobs ON jobs.id = job_id WHERE images.id = @id AND {PostgresRows.InScopeOfJobs} FOR UPDATE OF jobs",
                row => (ImageRows.ToImage(row), row.GetString(ImageRows.ColumnCount), row.GetString(ImageRows.ColumnCount + 1)), ("id", id), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);
            if (found.Image is not { } image)
                return new DeletedImage(Image: null, IsRunning: false, Job: null);
            if (!JobStatus.IsFinal(found.Status))
                return new DeletedImage(image, IsRunning: true, Job: null);
            bool isLast = (await PostgresRows.ImagesAsync(session, image.JobId).ConfigureAwait(false)).Count == 1;
            DeletedJob? job = isLast ? await DeleteAsync(session, image.JobId, scope).ConfigureAwait(false) : null;
            if (!isLast)
            {
                await session.ExecuteAsync("DELETE FROM images WHERE id = @id", ("id", id)).ConfigureAwait(false);
                session.Tell(JobNews.ImageDeleted(image, found.Owner));
            }

            return new DeletedImage(image, IsRunning: false, job, found.Owner);
        },
        cancellation);

    public ValueTask<Job?> FailAsync(Lease lease, JobFailure failure, CancellationToken cancellation) => EndAsync(
        $"UPDATE jobs SET status = 'failed', error = @error, error_code = @code, progress = @progress, {Ended} WHERE {Held} RETURNING {PostgresRows.JobColumns}",
        lease, cancellation, ("error", failure.Message), ("code", failure.Code), ("progress", failure.Progress));

    public ValueTask<Job?> CancelledAsync(Lease lease, double progress, CancellationToken cancellation) => EndAsync(
        $"UPDATE jobs SET status = 'cancelled', progress = @progress, {Ended} WHERE {Held} RETURNING {PostgresRows.JobColumns}", lease, cancellation, ("progress", progress));

    public ValueTask<Job?> PutBackAsync(Lease lease, CancellationToken cancellation) => ChangeAsync(
        "UPDATE jobs SET status = 'pending', attempts = attempts - 1, started_at = NULL, updated_at = sdstudio_now(), worker = NULL, lease_until = NULL " +
        $"WHERE {Held} RETURNING {PostgresRows.JobColumns}",
        cancellation, Show(lease));

    public ValueTask NoteStopAsync(Lease lease, CancellationToken cancellation) =>
        database.ExecuteAsync($"UPDATE jobs SET stop_noted = true WHERE {Held}", cancellation, Show(lease));

    public ValueTask<CancelRequest> RequestCancelAsync(string id, OwnerScope scope, bool evenRunning, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            (string, object?)[] values = [("id", id), PostgresRows.OwnerOf(scope)];
            Job? ended = await session.FirstAsync(
                $"UPDATE jobs SET status = 'cancelled', progress = 0, {Ended} WHERE id = @id AND status = 'pending' AND {PostgresRows.InScope} RETURNING {PostgresRows.JobColumns}",
                JobRows.ToJob, values).ConfigureAwait(false);
            if (ended is not null)
            {
                await TellEndAsync(session, ended).ConfigureAwait(false);
                PostgresBells.Ring(session, new LineNews { Left = ended.Number });
            }

            bool isRunning = ended is null && evenRunning && await session.FirstAsync(
                $"UPDATE jobs SET cancel_requested = true, updated_at = sdstudio_now() WHERE id = @id AND status = 'processing' AND {PostgresRows.InScope} RETURNING true",
                row => true, values).ConfigureAwait(false);
            if (isRunning)
                session.Ring(PostgresBells.Cancelled, id);
            return new CancelRequest(ended, isRunning);
        },
        cancellation);

    public async ValueTask<IReadOnlyList<Job>> CancelWaitingAsync(OwnerScope scope, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            List<Job> jobs = await session.QueryAsync(
                $"UPDATE jobs SET status = 'cancelled', {Ended} WHERE status = 'pending' AND {PostgresRows.InScope} RETURNING {PostgresRows.JobColumns}",
                JobRows.ToJob, PostgresRows.OwnerOf(scope)).ConfigureAwait(false);
            foreach (Job job in jobs)
                await TellEndAsync(session, job).ConfigureAwait(false);
            if (jobs.Count > 0)
                session.Ring(PostgresBells.Queue, "");
            return jobs;
        },
        cancellation).ConfigureAwait(false);

    public ValueTask<Job?> RetryAsync(string id, OwnerScope scope, int maxWaiting, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            Job? again = await session.FirstAsync(
                "UPDATE jobs SET status = 'pending', attempts = 0, deaths = 0, progress = 0, error = NULL, error_code = NULL, cancel_requested = false, " +
                "queued_at = sdstudio_now(), is_placed = 0, place = nextval('job_places'), updated_at = sdstudio_now(), started_at = NULL, completed_at = NULL, device = NULL " +
                $"WHERE id = @id AND status IN ('failed', 'cancelled') AND {PostgresRows.InScope} RETURNING {PostgresRows.JobColumns}",
                JobRows.ToJob, ("id", id), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);
            if (again is null)
                return null;
            // It is one of those that wait already; the exception undoes that.
            await CheckRoomAsync(session, maxWaiting, own: 1).ConfigureAwait(false);
            session.Tell(JobNews.Updated(again));
            session.Ring(PostgresBells.Queue, "");
            return again;
        },
        cancellation);

    public ValueTask<Job?> SetPriorityAsync(string id, OwnerScope scope, int priority, CancellationToken cancellation) => ChangeAsync(
        "UPDATE jobs SET priority = @priority, is_placed = 0, updated_at = sdstudio_now() " +
        $"WHERE id = @id AND status = 'pending' AND {PostgresRows.InScope} RETURNING {PostgresRows.JobColumns}",
        cancellation, ("id", id), PostgresRows.OwnerOf(scope), ("priority", priority));

    public ValueTask<Job?> MoveAsync(string id, string other, bool after, OwnerScope scope, CancellationToken cancellation) =>
        database.WriteAsync(session => MoveAsync(session, id, other, after, scope), cancellation);

    public ValueTask<Job?> RecoverAsync(string id, JobFailure? failure, bool counts, CancellationToken cancellation) => database.WriteAsync(
        async session =>
        {
            Job? recovered = await session.FirstAsync(
                "UPDATE jobs SET updated_at = sdstudio_now(), worker = NULL, lease_until = NULL, deaths = deaths + @counts, attempts = attempts - stop_noted::integer, " +
                "status = CASE WHEN cancel_requested THEN 'cancelled' WHEN @error::text IS NOT NULL THEN 'failed' ELSE 'pending' END, " +
                "completed_at = CASE WHEN cancel_requested OR @error::text IS NOT NULL THEN sdstudio_now() END, " +
                "started_at = CASE WHEN cancel_requested OR @error::text IS NOT NULL THEN started_at END, " +
                "error = CASE WHEN NOT cancel_requested THEN @error::text END, error_code = CASE WHEN NOT cancel_requested THEN @code::text END, stop_noted = false " +
                $"WHERE id = @id AND {Lost} RETURNING {PostgresRows.JobColumns}",
                JobRows.ToJob, ("id", id), ("counts", counts ? 1 : 0), ("error", failure?.Message), ("code", failure?.Code), ("former", node.FormerWorker)).ConfigureAwait(false);
            if (recovered is { Status: JobStatus.Pending })
                TellWaiting(session, recovered);
            else if (recovered is not null)
                await TellEndAsync(session, recovered).ConfigureAwait(false);
            return recovered;
        },
        cancellation);

    /// <summary>A running job whose worker is gone: it did not prolong its time, or was the process before this one on this machine.</summary>
    internal const string Lost = "status = 'processing' AND (lease_until <= sdstudio_now() OR worker = @former)";

    public async ValueTask<IReadOnlyList<DeletedJob>> DeleteAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            List<DeletedJob> deleted = [];
            foreach (string id in ids)
            {
                if (await DeleteAsync(session, id, scope).ConfigureAwait(false) is { } job)
                    deleted.Add(job);
            }

            return deleted;
        },
        cancellation).ConfigureAwait(false);

    private static async ValueTask<DeletedJob?> DeleteAsync(PostgresSession session, string id, OwnerScope scope)
    {
        List<JobImage> images = await PostgresRows.ImagesAsync(session, id).ConfigureAwait(false);
        (string Owner, GenerationSettings Settings) deleted = await session.FirstAsync(
            $"DELETE FROM jobs WHERE id = @id AND status NOT IN ('pending', 'processing') AND {PostgresRows.InScope} RETURNING owner, settings",
            row => (row.GetString(0), JobRows.ToSettings(row.GetString(1))), ("id", id), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);
        if (deleted.Settings is null)
            return null;
        DeletedJob job = new(id, deleted.Owner, images, [.. new[] { deleted.Settings.InputImage, deleted.Settings.MaskImage, deleted.Settings.Video?.EndImage, deleted.Settings.Video?.ControlFrames }.OfType<string>()]);
        session.Tell(JobNews.Deleted(job));
        return job;
    }

    private static async ValueTask<Submitted> AddAsync(PostgresSession session, NewJob job, string settings, int maxWaiting)
    {
        (string id, GenerationSettings generation, SubmitOptions options) = job;
        if (options.IdempotencyKey is not null && await FindByKeyAsync(session, options).ConfigureAwait(false) is { } earlier)
            return new Submitted(earlier, IsNew: false);
        await CheckRoomAsync(session, maxWaiting).ConfigureAwait(false);
        Job? added = await session.FirstAsync(
            "INSERT INTO jobs (id, type, model, settings, prompt, upscaler, owner, idempotency_key, fingerprint, priority, model_hash, status, created_at, queued_at, updated_at) " +
            "SELECT @id, @type, @model, @settings, @prompt, @upscaler, @owner, @key, @fingerprint, @priority, @hash, 'pending', now, now, now FROM sdstudio_now() AS now " +
            $"ON CONFLICT (owner, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING {PostgresRows.JobColumns}",
            row => JobRows.ToJob(row, generation),
            ("id", id), ("type", generation.Type), ("model", generation.Model), ("settings", settings), ("prompt", generation.Prompt),
            ("upscaler", generation.Type == JobType.Upscale ? generation.Upscaler : null), ("owner", options.Owner),
            ("key", options.IdempotencyKey), ("fingerprint", options.Fingerprint), ("priority", options.Priority), ("hash", generation.ModelHash)).ConfigureAwait(false);
        // Another request with the key was committed in between: this statement sees it.
        if (added is null)
            return new Submitted((await FindByKeyAsync(session, options).ConfigureAwait(false))!, IsNew: false);
        session.Tell(JobNews.Created(added));
        PostgresBells.Ring(session, new LineNews { Came = WaitingJob.Of(added) with { ModelHash = generation.ModelHash } });
        return new Submitted(added, IsNew: true);
    }

    private static async ValueTask<Job?> MoveAsync(PostgresSession session, string id, string other, bool after, OwnerScope scope)
    {
        await session.ExecuteAsync($"SELECT pg_advisory_xact_lock({MoveLock})").ConfigureAwait(false);
        ValueTask<(long Place, int Priority, long QueuedAt)> WhereAsync(string job) => session.FirstAsync(
            $"SELECT place, priority, queued_at FROM jobs WHERE id = @id AND status = 'pending' AND {PostgresRows.InScope} FOR UPDATE",
            row => (row.GetInt64(0), row.GetInt32(1), row.GetInt64(2)), ("id", job), PostgresRows.OwnerOf(scope));
        if (id == other || await WhereAsync(id).ConfigureAwait(false) is not { Place: > 0 } from || await WhereAsync(other).ConfigureAwait(false) is not { Place: > 0 } at)
            return null;
        // Those between the two places make room by one, towards the place that becomes free. Running ones too: they may come back.
        bool up = from.Place > at.Place;
        long to = at.Place + (up ? (after ? 1 : 0) : (after ? 0 : -1));
        await session.ExecuteAsync(
            "UPDATE jobs SET place = place + @by WHERE status IN ('pending', 'processing') AND place BETWEEN @low AND @high",
            ("by", up ? 1L : -1L), ("low", up ? to : from.Place), ("high", up ? from.Place : to)).ConfigureAwait(false);
        Job? moved = await session.FirstAsync(
            "UPDATE jobs SET place = @place, is_placed = @placed, priority = @priority, queued_at = @queued, updated_at = sdstudio_now() " +
            $"WHERE id = @id RETURNING {PostgresRows.JobColumns}",
            JobRows.ToJob, ("place", to), ("placed", (int)(after ? Placement.AfterPrevious : Placement.BeforeNext)), ("priority", at.Priority),
            ("queued", at.QueuedAt), ("id", id)).ConfigureAwait(false);
        if (moved is not null)
            TellWaiting(session, moved);
        return moved;
    }

    /// <exception cref="QueueFullException">As many jobs wait as may.</exception>
    private static async ValueTask CheckRoomAsync(PostgresSession session, int maxWaiting, int own = 0)
    {
        ValueTask<long> CountAsync() => session.FirstAsync(
            "SELECT coalesce(sum(n), 0)::bigint FROM totals WHERE kind = 'status' AND name = 'pending'", row => row.GetInt64(0));
        long waiting = await CountAsync().ConfigureAwait(false);
        if (waiting + NearTheLimit >= maxWaiting)
        {
            await session.ExecuteAsync($"SELECT pg_advisory_xact_lock({LimitLock})").ConfigureAwait(false);
            waiting = await CountAsync().ConfigureAwait(false);
        }

        if (waiting - own >= maxWaiting)
            throw new QueueFullException(maxWaiting);
    }

    private static async ValueTask<Job?> FindByKeyAsync(PostgresSession session, SubmitOptions options)
    {
        (Job Job, string? Fingerprint) row = await session.FirstAsync(
            $"SELECT {PostgresRows.JobColumns}, fingerprint FROM jobs WHERE owner = @owner AND idempotency_key = @key",
            row => (JobRows.ToJob(row), JobRows.Text(row, JobRows.ColumnCount)), ("owner", options.Owner), ("key", options.IdempotencyKey)).ConfigureAwait(false);
        return row.Job is null || row.Fingerprint == options.Fingerprint ? row.Job : throw new IdempotencyKeyException(options.IdempotencyKey!);
    }

    private static (string, object?)[] Show(Lease lease) => [("id", lease.JobId), ("worker", lease.Worker), ("claim", lease.Claim)];

    // A job that has ended before it was complete.
    private static async ValueTask TellEndAsync(PostgresSession session, Job job)
    {
        session.Tell(JobNews.Updated(job, job.ImageCount > 0 ? await PostgresRows.ImagesAsync(session, job.Id).ConfigureAwait(false) : null));
        session.Ring(PostgresBells.Ended, job.Id);
    }

    // What may be begun next is not what it was.
    private static void TellWaiting(PostgresSession session, Job job)
    {
        session.Tell(JobNews.Updated(job));
        session.Ring(PostgresBells.Queue, "");
    }

    private ValueTask<Job?> EndAsync(string sql, Lease lease, CancellationToken cancellation, params (string, object?)[] values) => database.WriteAsync(
        async session =>
        {
            Job? ended = await session.FirstAsync(sql, JobRows.ToJob, [.. Show(lease), .. values]).ConfigureAwait(false);
            if (ended is not null)
                await TellEndAsync(session, ended).ConfigureAwait(false);
            return ended;
        },
        cancellation);

    private ValueTask<Job?> ChangeAsync(string sql, CancellationToken cancellation, params (string, object?)[] values) => database.WriteAsync(
        async session =>
        {
            Job? changed = await session.FirstAsync(sql, JobRows.ToJob, values).ConfigureAwait(false);
            if (changed is not null)
                TellWaiting(session, changed);
            return changed;
        },
        cancellation);
}
