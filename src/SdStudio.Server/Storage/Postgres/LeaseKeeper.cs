using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// Says that this machine lives, and prolongs the time for which its jobs are its own. A job that was given to another machine meanwhile is
/// let go; so are all when the database could not be reached for as long as that.
/// </summary>
internal sealed partial class LeaseKeeper(
    PostgresDatabase database, PostgresNodes nodes, RunningJobs running, LeaseTime lease, TimeProvider time, ILogger<LeaseKeeper> logger) : BackgroundService
{
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await nodes.TellAsync(cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(lease.Duration / 6, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await KeepAsync(stoppingToken).ConfigureAwait(false);
                await nodes.TellAsync(stoppingToken).ConfigureAwait(false);
                await PostgresCounts.AddUpAsync(database, stoppingToken).ConfigureAwait(false);
            }
            catch (StorageUnavailableException exception)
            {
                LogStorage(exception.Message);
                LoseOverdue();
            }
        }
    }

    /// <summary>Lets go of jobs that were neither claimed nor prolonged for as long as they are this machine's.</summary>
    internal void LoseOverdue() => Lose(running.All.Where(job => time.GetElapsedTime(job.HeldSince) >= lease.Duration));

    /// <summary>Prolongs what this process runs, and writes down how far it is.</summary>
    internal async Task KeepAsync(CancellationToken cancellation)
    {
        // Before the rows: what begins meanwhile is not missed among them.
        RunningJob[] jobs = [.. running.All];
        long now = time.GetTimestamp();
        if (jobs.Length == 0)
            return;
        List<(string Id, bool IsToEnd)> kept = await database.WriteAsync(
            "UPDATE jobs SET lease_until = sdstudio_now() + @lease, progress = mine.progress FROM unnest(@ids, @claims, @progress) AS mine (id, claim, progress) " +
            "WHERE jobs.id = mine.id AND jobs.claim = mine.claim AND worker = @worker AND status = 'processing' RETURNING jobs.id, cancel_requested",
            row => (row.GetString(0), row.GetBoolean(1)), cancellation,
            ("lease", lease.Milliseconds), ("ids", jobs.Select(job => job.Lease.JobId).ToArray()), ("claims", jobs.Select(job => job.Lease.Claim).ToArray()),
            ("progress", jobs.Select(job => job.Progress.Fraction).ToArray()), ("worker", WorkerName.OfThisProcess)).ConfigureAwait(false);
        ILookup<bool, RunningJob> isKept = jobs.ToLookup(job => kept.Exists(row => row.Id == job.Lease.JobId));
        foreach (RunningJob job in isKept[true])
            job.HeldSince = now;
        Lose(await WithoutEndedAsync([.. isKept[false]], cancellation).ConfigureAwait(false));
        foreach ((string id, bool isToEnd) in kept)
        {
            if (isToEnd)
                running.Cancel(id);
        }
    }

    // A job whose end was written just now, by this machine, is nobody else's.
    private async Task<IEnumerable<RunningJob>> WithoutEndedAsync(RunningJob[] jobs, CancellationToken cancellation)
    {
        if (jobs.Length == 0)
            return jobs;
        List<(string Id, long Claim)> ended = await database.QueryAsync(
            "SELECT id, claim FROM jobs WHERE id = ANY(@ids) AND status IN ('completed', 'failed', 'cancelled')", row => (row.GetString(0), row.GetInt64(1)),
            cancellation, ("ids", jobs.Select(job => job.Lease.JobId).ToArray())).ConfigureAwait(false);
        return jobs.ExceptBy(ended, job => (job.Lease.JobId, job.Lease.Claim));
    }

    private void Lose(IEnumerable<RunningJob> jobs)
    {
        foreach (RunningJob job in jobs.Where(running.Lose))
            LogLost(job.Job.Id);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "This machine's lease in the database cannot be renewed: {Reason}")]
    private partial void LogStorage(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} was taken over by another machine")]
    private partial void LogLost(string job);
}
