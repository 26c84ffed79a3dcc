using Microsoft.Extensions.Caching.Memory;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary>
/// Answers about the queue that many clients ask for at the same time: made once, and anew as soon as a job has changed. Only the
/// progress of a running job may be a moment old.
/// </summary>
internal sealed class QueueAnswers(JobLine line) : IDisposable
{
    private const long MaxBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(250);
    private readonly MemoryCache _answers = new(new MemoryCacheOptions { SizeLimit = MaxBytes });

    /// <param name="scope">Whose jobs.</param>
    /// <param name="query">What was asked.</param>
    /// <param name="make">Looks it up, as JSON.</param>
    public async ValueTask<byte[]> GetAsync(OwnerScope scope, string query, Func<Task<byte[]>> make)
    {
        // The version is read before the rows: what changes meanwhile makes the answer old.
        (OwnerScope, string, long) key = (scope, query, line.Version);
        if (_answers.TryGetValue(key, out byte[]? known))
            return known!;
        byte[] answer = await make();
        _answers.Set(key, answer, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = MaxAge, Size = answer.Length + (2 * query.Length) });
        return answer;
    }

    public void Dispose() => _answers.Dispose();
}
