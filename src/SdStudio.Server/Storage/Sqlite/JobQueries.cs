using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Which jobs to list. Null takes all.</summary>
internal sealed record JobFilter(string? Status = null, string? Type = null, string? Model = null, string? Search = null);

/// <summary>Jobs in SQLite: looking at them.</summary>
internal sealed class JobQueries(StudioDatabase database)
{
    // What the trigram index can find; shorter texts are looked for row by row.
    private const int MinIndexedCharacters = 3;

    public Job? Find(string id) => database.Read(reader =>
        reader.Query($"SELECT {JobStore.Columns} FROM jobs WHERE id = $id", JobStore.ToJob, ("$id", id))).FirstOrDefault();

    /// <summary>Newest first.</summary>
    public List<Job> List(JobFilter filter, int limit, int offset)
    {
        (string from, (string, object?)[] values) = Where(filter);
        return database.Read(reader => reader.Query(
            $"SELECT {JobStore.Columns} FROM {from} ORDER BY {(from.StartsWith("job_search", StringComparison.Ordinal) ? "job_search.rowid" : "number")} DESC " +
            "LIMIT $limit OFFSET $offset",
            JobStore.ToJob, [.. values, ("$limit", limit), ("$offset", offset)]));
    }

    public long Count(JobFilter filter)
    {
        if (filter is { Type: null, Model: null, Search: null })
        {
            Dictionary<string, long> counts = Counts();
            return filter.Status is { } status ? counts.GetValueOrDefault(status) : counts.Values.Sum();
        }

        (string from, (string, object?)[] values) = Where(filter);
        return database.Read(reader => reader.Query($"SELECT count(*) FROM {from}", row => row.GetInt64(0), values))[0];
    }

    public Dictionary<string, long> Counts() => database.Read(reader =>
        reader.Query("SELECT status, jobs FROM job_counts", row => (row.GetString(0), row.GetInt64(1)))).ToDictionary();

    /// <summary>Every waiting job in the order it came, or was put in.</summary>
    public List<WaitingJob> Waiting() => database.Read(reader => reader.Query(
        "SELECT number, id, owner, priority, model, queued_at, is_placed FROM jobs WHERE status = 'pending' ORDER BY coalesce(place, number), number",
        row => new WaitingJob(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetString(4), row.GetInt64(5)) { IsPlaced = row.GetBoolean(6) }));

    /// <summary>Jobs that the last process left in the middle.</summary>
    public List<Job> Interrupted() => database.Read(reader =>
        reader.Query($"SELECT {JobStore.Columns} FROM jobs WHERE status = 'processing'", JobStore.ToJob));

    /// <summary>Jobs that have ended, oldest first.</summary>
    public List<string> Ended(long upTo, int count) => database.Read(reader => reader.Query(
        "SELECT id FROM jobs WHERE status IN ('completed', 'failed', 'cancelled') AND number <= $last ORDER BY number LIMIT $count",
        row => row.GetString(0), ("$last", upTo), ("$count", count)));

    /// <summary>The number of the newest job; 0 when there is none.</summary>
    public long LastNumber() => database.Read(reader => reader.Query("SELECT coalesce(max(number), 0) FROM jobs", row => row.GetInt64(0)))[0];

    private static (string From, (string, object?)[] Values) Where(JobFilter filter)
    {
        var conditions = new List<string>();
        var values = new List<(string, object?)>();
        void Require(string condition, string name, object? value)
        {
            if (value is null)
                return;
            conditions.Add(condition);
            values.Add((name, value));
        }

        Require("status = $status", "$status", filter.Status);
        Require("type = $type", "$type", filter.Type);
        Require("model = $model", "$model", filter.Model);
        bool indexed = filter.Search?.EnumerateRunes().Count() >= MinIndexedCharacters;
        if (indexed)
        {
            // A phrase in quotes has no operators.
            Require("job_search MATCH $search", "$search", $"\"{filter.Search!.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        }
        else
        {
            Require("instr(lower(json_extract(settings, '$.prompt')), lower($search)) > 0", "$search", filter.Search);
        }

        // CROSS JOIN keeps the search outside: its rows come newest first by themselves, and a page of them is enough.
        string from = indexed ? "job_search CROSS JOIN jobs ON jobs.number = job_search.rowid" : "jobs";
        return (conditions.Count == 0 ? from : $"{from} WHERE {string.Join(" AND ", conditions)}", [.. values]);
    }
}
