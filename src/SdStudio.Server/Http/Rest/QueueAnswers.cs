using Microsoft.Extensions.Caching.Memory;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary>
/// Lists of jobs that many clients ask for at the same time: made once, and again as soon as a job has changed. Only the
/// progress of a running job may be a moment old.
/// </summary>
internal sealed class QueueAnswers(JobLine line) : IDisposable
{
    private const long MaxBytes = 32 * 1024 * 1024;
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(250);
    private readonly MemoryCache _answers = new(new MemoryCacheOptions { SizeLimit = MaxBytes });

    /// <param name="scope">Whose jobs.</param>
    /// <param name="query">What was asked: path and query.</param>
    /// <param name="make">Looks it up, as JSON.</param>
    public async ValueTask<ListAnswer> GetAsync(OwnerScope scope, string query, Func<Task<ListAnswer>> make)
    {
        // The version is read before the rows: what changes meanwhile makes the answer old.
        (OwnerScope, string, long) key = (scope, query, line.Version);
        if (_answers.TryGetValue(key, out ListAnswer? known))
            return known!;
        ListAnswer answer = await make();
        _answers.Set(key, answer, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = MaxAge, Size = answer.Json.Length + (2 * query.Length) });
        return answer;
    }

    public void Dispose() => _answers.Dispose();
}

/// <param name="Json">UTF-8.</param>
/// <param name="Total">How many there are beyond the page.</param>
internal sealed record ListAnswer(byte[] Json, long Total);
