using Microsoft.Extensions.Options;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>What becomes of a job whose client leaves before it has ended.</summary>
internal enum WhenClientLeaves
{
    /// <summary>It continues: its images are in the history.</summary>
    Finish,

    /// <summary>It ends when it has not begun.</summary>
    CancelWaiting,

    /// <summary>It ends.</summary>
    Cancel,
}

/// <summary>Waits for a job on behalf of a client, as long as a client should wait.</summary>
internal sealed class JobWaiter(
    JobQueue queue, IJobQueries queries, IOptions<StudioOptions> options, TimeProvider time, IHostApplicationLifetime lifetime)
{
    /// <returns>The job as it is when it has ended, when it takes too long, or when the server stops.</returns>
    public async Task<Job> ForAsync(Job job, WhenClientLeaves leave, CancellationToken clientLeft)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.SynchronousWaitSeconds), time);
        return await ForAsync(job, leave, clientLeft, limit.Token);
    }

    /// <summary>The same for clients that know no later: it waits as long as they do.</summary>
    public Task<Job> WithoutLimitAsync(Job job, WhenClientLeaves leave, CancellationToken clientLeft) =>
        ForAsync(job, leave, clientLeft, CancellationToken.None);

    private async Task<Job> ForAsync(Job job, WhenClientLeaves leave, CancellationToken clientLeft, CancellationToken limit)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit, clientLeft, lifetime.ApplicationStopping);
        try
        {
            return await queue.WaitForEndAsync(job.Id, end.Token) ?? job;
        }
        catch (OperationCanceledException)
        {
            if (leave != WhenClientLeaves.Finish && clientLeft.IsCancellationRequested)
                await queue.CancelAsync(job.Id, OwnerScope.All, CancellationToken.None, evenRunning: leave == WhenClientLeaves.Cancel);
            return await queries.FindAsync(job.Id, OwnerScope.All, CancellationToken.None) ?? job;
        }
    }
}
