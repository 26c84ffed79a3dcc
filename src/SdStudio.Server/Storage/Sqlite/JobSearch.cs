namespace SdStudio.Server.Storage.Sqlite;

/// <summary>
/// The index by which prompts of jobs are searched. Jobs are added to it in the order of their numbers, later than they are queued and many
/// at once: one by one they would cost an enqueue as much as all else. A new job's number is higher than any other's, so those that are
/// not in it are those behind the last that is, after a crash too.
/// </summary>
internal static class JobSearch
{
    // As many as nobody's write has to wait for.
    private const int MaxAtOnce = 256;

    private const string Missing = "number > coalesce((SELECT rowid FROM job_search ORDER BY rowid DESC LIMIT 1), 0)";

    /// <summary>Adds some of those that are not in it, as a part of another write.</summary>
    /// <returns>Whether there may be more.</returns>
    public static bool AddMissing(SqliteSession writer) => writer.Execute(
        $"INSERT INTO job_search (rowid, prompt) SELECT number, json_extract(settings, '$.prompt') FROM jobs WHERE {Missing} ORDER BY number LIMIT $count",
        ("$count", MaxAtOnce)) == MaxAtOnce;

    /// <summary>Adds all that are not in it, before a search.</summary>
    public static async ValueTask CompleteAsync(StudioDatabase database, CancellationToken cancellation)
    {
        bool isMissing = database.Read(reader => reader.Query($"SELECT 1 FROM jobs WHERE {Missing} LIMIT 1", row => true)).Count > 0;
        try
        {
            while (isMissing)
                isMissing = await database.Writer.WriteAsync(AddMissing, cancellation).ConfigureAwait(false);
        }
        catch (StorageUnavailableException)
        {
            // Where nothing can be written, a search still finds what is in it.
        }
    }
}
