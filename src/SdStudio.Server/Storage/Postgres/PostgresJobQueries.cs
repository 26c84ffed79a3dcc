using System.Globalization;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Jobs in PostgreSQL: looking at them.</summary>
internal sealed class PostgresJobQueries(PostgresDatabase database, NodeIdentity node) : IJobQueries, IDisposable
{
    private readonly RememberedTotals _totals = new();

    public ValueTask<Job?> FindAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.FirstAsync(
        $"SELECT {PostgresRows.JobColumns} FROM jobs WHERE id = @id AND {PostgresRows.InScope}", JobRows.ToJob, cancellation, ("id", id), PostgresRows.OwnerOf(scope));

    public ValueTask<string?> StatusAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.FirstAsync(
        $"SELECT status FROM jobs WHERE id = @id AND {PostgresRows.InScope}", row => row.GetString(0), cancellation, ("id", id), PostgresRows.OwnerOf(scope));

    public async ValueTask<IReadOnlyList<Job>> ListAsync(JobFilter filter, JobPage page, CancellationToken cancellation)
    {
        SqlConditions conditions = Conditions(filter);
        return await database.SearchAsync(
            $"SELECT {PostgresRows.JobColumns} FROM jobs{conditions.Where} ORDER BY number DESC LIMIT @limit OFFSET @offset",
            JobRows.ToJob, cancellation, [.. conditions.Values, ("limit", page.Limit), ("offset", page.Offset)]).ConfigureAwait(false);
    }

    public async ValueTask<long> CountAsync(JobFilter filter, CancellationToken cancellation)
    {
        if (filter is { Type: null, Model: null, Search: null })
        {
            IReadOnlyDictionary<string, long> counts = await StatsAsync(filter.Scope, cancellation).ConfigureAwait(false);
            return filter.Status is { } status ? counts.GetValueOrDefault(status) : counts.Values.Sum();
        }

        // Nothing but its status changes of a job that a filter asks for.
        return filter.Status is null
            ? await _totals.OfAsync(filter, isStill: null, newer => CountAsync(filter, newer, cancellation)).ConfigureAwait(false)
            : (await CountAsync(filter, newer: null, cancellation).ConfigureAwait(false)).Fitting;
    }

    // Numbers only grow: where as many jobs more are there as have a higher number, none of those before has gone.
    private async ValueTask<Counted> CountAsync(JobFilter filter, long? newer, CancellationToken cancellation)
    {
        SqlConditions conditions = Conditions(filter);
        string from = newer is null ? "jobs" : "(SELECT * FROM jobs WHERE number > @newer OFFSET 0) AS jobs";
        return (await database.SearchAsync(
            "SELECT 0::bigint, (SELECT coalesce(sum(n), 0)::bigint FROM totals WHERE kind = 'status'), (SELECT coalesce(max(number), 0) FROM jobs), " +
            $"{(newer is null ? "0::bigint" : "(SELECT count(*) FROM jobs WHERE number > @newer)")}, (SELECT count(*) FROM {from}{conditions.Where})",
            Counted.Of, cancellation, [.. conditions.Values, ("newer", newer)]).ConfigureAwait(false))[0];
    }

    public void Dispose() => _totals.Dispose();

    public async ValueTask<IReadOnlyDictionary<string, long>> StatsAsync(OwnerScope scope, CancellationToken cancellation) => (await database.QueryAsync(
        $"SELECT name, sum(n)::bigint FROM totals WHERE kind = 'status' AND {PostgresRows.InScope} GROUP BY name HAVING sum(n) > 0",
        row => (row.GetString(0), row.GetInt64(1)), cancellation, PostgresRows.OwnerOf(scope)).ConfigureAwait(false)).ToDictionary(StringComparer.Ordinal);

    public async ValueTask<WaitingJobs> WaitingAsync(CancellationToken cancellation)
    {
        List<WaitingJob> jobs = await database.QueryAsync(
            "SELECT number, id, owner, priority, model, queued_at, is_placed, type, upscaler, model_hash, settings::json -> 'hires' ->> 'model' FROM jobs WHERE status = 'pending' ORDER BY place, number",
            row => new WaitingJob(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetString(4), row.GetInt64(5))
            {
                Placement = (Placement)row.GetInt32(6), Type = row.GetString(7), Upscaler = JobRows.Text(row, 8), ModelHash = JobRows.Text(row, 9),
                SecondModel = JobRows.Text(row, 10),
            },
            cancellation).ConfigureAwait(false);
        string? paused = await database.FirstAsync(
            "SELECT value FROM studio_state WHERE key = @key", row => row.GetString(0), cancellation, ("key", PostgresSharedState.PausedKey)).ConfigureAwait(false);
        List<(string, long)> served = await database.QueryAsync("SELECT owner, served FROM owners", row => (row.GetString(0), row.GetInt64(1)), cancellation).ConfigureAwait(false);
        return new WaitingJobs(jobs, paused == "true", served.ToDictionary(StringComparer.Ordinal));
    }

    public async ValueTask<IReadOnlyList<ProcessingJob>> LostAsync(CancellationToken cancellation) => await database.QueryAsync(
        $"SELECT {PostgresRows.JobColumns}, deaths, stop_noted FROM jobs WHERE {PostgresJobStore.Lost} ORDER BY number",
        row => new ProcessingJob(JobRows.ToJob(row), row.GetInt32(JobRows.ColumnCount), row.GetBoolean(JobRows.ColumnCount + 1)),
        cancellation, ("former", node.FormerWorker)).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<string>> EndedAsync(OwnerScope scope, long upTo, int count, CancellationToken cancellation) => await database.QueryAsync(
        $"SELECT id FROM jobs WHERE status IN ('completed', 'failed', 'cancelled') AND number <= @last AND {PostgresRows.InScope} ORDER BY number LIMIT @count",
        row => row.GetString(0), cancellation, ("last", upTo), ("count", count), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);

    public ValueTask<long> LastNumberAsync(CancellationToken cancellation) =>
        database.FirstAsync("SELECT coalesce(max(number), 0) FROM jobs", row => row.GetInt64(0), cancellation);

    public async ValueTask<IReadOnlyList<JobImage>> ImagesAsync(string jobId, OwnerScope scope, CancellationToken cancellation) => await database.QueryAsync(
        $"SELECT {ImageRows.Columns} FROM images WHERE job_id = @job AND {PostgresRows.InScope} ORDER BY index_in_batch",
        ImageRows.ToImage, cancellation, ("job", jobId), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);

    public ValueTask<JobImage?> FindImageAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.FirstAsync(
        $"SELECT {ImageRows.Columns} FROM images WHERE id = @id AND {PostgresRows.InScope}", ImageRows.ToImage, cancellation, ("id", id), PostgresRows.OwnerOf(scope));

    public async ValueTask<IReadOnlySet<string>> ExistingJobsAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation) => (await database.QueryAsync(
        $"SELECT id FROM jobs WHERE id = ANY(@ids) AND {PostgresRows.InScope}", row => row.GetString(0), cancellation, ("ids", ids.ToArray()), PostgresRows.OwnerOf(scope)).ConfigureAwait(false))
        .ToHashSet(StringComparer.Ordinal);

    public async ValueTask<IReadOnlyDictionary<string, string>> ExistingImagesAsync(IReadOnlyList<string> ids, CancellationToken cancellation) => (await database.QueryAsync(
        "SELECT id, file_path FROM images WHERE id = ANY(@ids)", row => (row.GetString(0), row.GetString(1)), cancellation, ("ids", ids.ToArray())).ConfigureAwait(false))
        .ToDictionary(StringComparer.Ordinal);

    private static SqlConditions Conditions(JobFilter filter)
    {
        var conditions = new SqlConditions();
        conditions.Require("owner = @owner", "owner", filter.Scope.Owner);
        conditions.Require("status = @status", "status", filter.Status);
        conditions.Require("type = @type", "type", filter.Type);
        conditions.Require("model = @model", "model", filter.Model);
        foreach ((int index, (string word, _)) in SearchWords.Of(filter.Search).Index())
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"word{index}");
            conditions.Require($"prompt ILIKE @{name}", name, $"%{word.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal)}%");
        }

        return conditions;
    }
}
