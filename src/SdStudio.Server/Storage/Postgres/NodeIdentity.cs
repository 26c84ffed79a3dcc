using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>How long a job belongs to a worker that does not say that it lives.</summary>
internal sealed record LeaseTime(TimeSpan Duration)
{
    public long Milliseconds => (long)Duration.TotalMilliseconds;
}

/// <summary>Which machine this is: that of the data directory, whatever its name and address are.</summary>
/// <param name="Id">A name that no other machine has, the same after every start.</param>
/// <param name="FormerWorker">The process before this one, whose jobs wait for nobody; null on the first start.</param>
internal sealed record NodeIdentity(string Id, string? FormerWorker)
{
    /// <summary>The identity that a data directory has, or gets now.</summary>
    public static NodeIdentity Of(DataFolders folders, PostgresDatabase database)
    {
        string file = Path.Combine(folders.Root, "node");
        string id = File.Exists(file) && Guid.TryParseExact(File.ReadAllText(file).Trim(), "D", out Guid known) ? known.ToString() : Guid.CreateVersion7().ToString();
        File.WriteAllText(file, id);
        // While the server is put together nothing else runs that this could keep waiting.
        string? former = database.FirstAsync("SELECT worker FROM nodes WHERE id = @id", row => row.GetString(0), CancellationToken.None, ("id", id)).AsTask().GetAwaiter().GetResult();
        return new NodeIdentity(id, former == WorkerName.OfThisProcess ? null : former);
    }
}
