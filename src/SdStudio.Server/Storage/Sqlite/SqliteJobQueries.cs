using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Jobs in SQLite: looking at them.</summary>
internal sealed class SqliteJobQueries(StudioDatabase database) : IJobQueries
{
    public ValueTask<Job?> FindAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.ReadAsync(reader => reader.Query(
        $"SELECT {JobRows.Columns} FROM jobs WHERE id = $id AND {JobRows.InScope}", JobRows.ToJob, ("$id", id), JobRows.OwnerOf(scope)).FirstOrDefault());

    public ValueTask<string?> StatusAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.ReadAsync(reader => reader.Query(
        $"SELECT status FROM jobs WHERE id = $id AND {JobRows.InScope}", row => row.GetString(0), ("$id", id), JobRows.OwnerOf(scope)).FirstOrDefault());

    public async ValueTask<IReadOnlyList<Job>> ListAsync(JobFilter filter, JobPage page, CancellationToken cancellation)
    {
        JobSelection selection = await SelectionAsync(filter, cancellation).ConfigureAwait(false);
        return database.Read(reader => reader.Query(
            $"SELECT {JobRows.Columns} FROM {selection.From} ORDER BY {selection.NewestFirst} LIMIT $limit OFFSET $offset",
            JobRows.ToJob, [.. selection.Values, ("$limit", page.Limit), ("$offset", page.Offset)]));
    }

    public async ValueTask<long> CountAsync(JobFilter filter, CancellationToken cancellation)
    {
        if (filter is { Type: null, Model: null, Search: null })
        {
            IReadOnlyDictionary<string, long> counts = await StatsAsync(filter.Scope, cancellation).ConfigureAwait(false);
            return filter.Status is { } status ? counts.GetValueOrDefault(status) : counts.Values.Sum();
        }

        JobSelection selection = await SelectionAsync(filter, cancellation).ConfigureAwait(false);
        return database.Read(reader => reader.Query($"SELECT count(*) FROM {selection.From}", row => row.GetInt64(0), selection.Values))[0];
    }

    public ValueTask<IReadOnlyDictionary<string, long>> StatsAsync(OwnerScope scope, CancellationToken cancellation) => database.ReadAsync<IReadOnlyDictionary<string, long>>(
        reader => reader.Query(
            $"SELECT name, sum(n) FROM counts WHERE kind = 'status' AND {JobRows.InScope} GROUP BY name HAVING sum(n) > 0",
            row => (row.GetString(0), row.GetInt64(1)), JobRows.OwnerOf(scope)).ToDictionary(StringComparer.Ordinal));

    public ValueTask<WaitingJobs> WaitingAsync(CancellationToken cancellation) => database.ReadAsync(reader => new WaitingJobs(
        reader.Query(
            "SELECT number, id, owner, priority, model, queued_at, is_placed, type, CASE WHEN type = 'upscale' THEN json_extract(settings, '$.upscaler') END, json_extract(settings, '$.hires.model') FROM jobs WHERE status = 'pending' ORDER BY place, number",
            row => new WaitingJob(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetString(4), row.GetInt64(5))
            {
                Placement = (Placement)row.GetInt32(6), Type = row.GetString(7), Upscaler = JobRows.Text(row, 8), SecondModel = JobRows.Text(row, 9),
            }),
        reader.Query("SELECT value FROM studio_state WHERE key = $key", row => row.GetString(0), ("$key", SqliteSharedState.PausedKey)) is ["true"],
        reader.Query("SELECT owner, served FROM owners", row => (row.GetString(0), row.GetInt64(1))).ToDictionary(StringComparer.Ordinal)));

    public ValueTask<IReadOnlyList<ProcessingJob>> LostAsync(CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<ProcessingJob>>(reader => reader.Query(
        $"SELECT {JobRows.Columns}, deaths, stop_noted FROM jobs WHERE status = 'processing' ORDER BY number",
        row => new ProcessingJob(JobRows.ToJob(row), row.GetInt32(JobRows.ColumnCount), row.GetBoolean(JobRows.ColumnCount + 1))));

    public ValueTask<IReadOnlyList<string>> EndedAsync(OwnerScope scope, long upTo, int count, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<string>>(reader => reader.Query(
        $"SELECT id FROM jobs WHERE status IN ('completed', 'failed', 'cancelled') AND number <= $last AND {JobRows.InScope} ORDER BY number LIMIT $count",
        row => row.GetString(0), ("$last", upTo), ("$count", count), JobRows.OwnerOf(scope)));

    public ValueTask<long> LastNumberAsync(CancellationToken cancellation) =>
        database.ReadAsync(reader => reader.Query("SELECT coalesce(max(number), 0) FROM jobs", row => row.GetInt64(0))[0]);

    public ValueTask<IReadOnlyList<JobImage>> ImagesAsync(string jobId, OwnerScope scope, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<JobImage>>(reader => reader.Query(
        $"SELECT {ImageRows.Columns} FROM images JOIN jobs ON jobs.id = job_id WHERE job_id = $job AND {JobRows.InScopeOfJobs} ORDER BY index_in_batch",
        ImageRows.ToImage, ("$job", jobId), JobRows.OwnerOf(scope)));

    public ValueTask<JobImage?> FindImageAsync(string id, OwnerScope scope, CancellationToken cancellation) => database.ReadAsync(reader => reader.Query(
        $"SELECT {ImageRows.Columns} FROM images JOIN jobs ON jobs.id = job_id WHERE images.id = $id AND {JobRows.InScopeOfJobs}",
        ImageRows.ToImage, ("$id", id), JobRows.OwnerOf(scope)).FirstOrDefault());

    public ValueTask<IReadOnlySet<string>> ExistingJobsAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation) => database.ReadAsync<IReadOnlySet<string>>(
        reader => ids.Where(id => reader.Query(
            $"SELECT 1 FROM jobs WHERE id = $id AND {JobRows.InScope}", row => true, ("$id", id), JobRows.OwnerOf(scope)).Count > 0).ToHashSet(StringComparer.Ordinal));

    public ValueTask<IReadOnlyDictionary<string, string>> ExistingImagesAsync(IReadOnlyList<string> ids, CancellationToken cancellation) => database.ReadAsync<IReadOnlyDictionary<string, string>>(
        reader => ids.SelectMany(id => reader.Query("SELECT id, file_path FROM images WHERE id = $id", row => (row.GetString(0), row.GetString(1)), ("$id", id))).ToDictionary(StringComparer.Ordinal));

    private async ValueTask<JobSelection> SelectionAsync(JobFilter filter, CancellationToken cancellation)
    {
        var selection = JobSelection.Of(filter);
        if (selection.IsIndexed)
            await JobSearch.CompleteAsync(database, cancellation).ConfigureAwait(false);
        return selection;
    }
}
