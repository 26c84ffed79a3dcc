using System.Collections.Concurrent;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Http.Rest;

/// <summary>
/// Answers about the queue that many clients ask for at the same time: made once, and anew as soon as anything in the database has
/// changed. Only the progress of a running job may be a moment old.
/// </summary>
internal sealed class QueueSnapshots(StudioDatabase database, TimeProvider time)
{
    private const int MaxKept = 64;
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<string, (long Version, long MadeAt, byte[] Body)> _kept = new(StringComparer.Ordinal);

    /// <param name="query">What was asked.</param>
    /// <param name="make">Looks it up, as JSON.</param>
    public byte[] Get(string query, Func<byte[]> make)
    {
        // Read before the look: what changes meanwhile makes the answer old.
        long version = database.Version;
        if (_kept.TryGetValue(query, out (long Version, long MadeAt, byte[] Body) kept) && kept.Version == version && time.GetElapsedTime(kept.MadeAt) < MaxAge)
            return kept.Body;
        byte[] body = make();
        if (_kept.Count >= MaxKept)
            _kept.Clear();
        _kept[query] = (version, time.GetTimestamp(), body);
        return body;
    }
}
