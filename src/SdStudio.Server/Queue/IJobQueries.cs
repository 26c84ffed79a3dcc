namespace SdStudio.Server.Queue;

/// <summary>Looks at jobs and their images. Everything outside the scope is as if it did not exist.</summary>
internal interface IJobQueries
{
    ValueTask<Job?> FindAsync(string id, OwnerScope scope, CancellationToken cancellation);

    /// <summary>A job's status alone; null when there is no such job.</summary>
    ValueTask<string?> StatusAsync(string id, OwnerScope scope, CancellationToken cancellation);

    ValueTask<IReadOnlyList<Job>> ListAsync(JobFilter filter, JobPage page, CancellationToken cancellation);

    ValueTask<long> CountAsync(JobFilter filter, CancellationToken cancellation);

    /// <summary>How many jobs each status has; who is missing has none.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> StatsAsync(OwnerScope scope, CancellationToken cancellation);

    /// <summary>Every waiting job by its place, and what the scheduler needs beside.</summary>
    ValueTask<WaitingJobs> WaitingAsync(CancellationToken cancellation);

    /// <summary>Jobs that are marked as running and whose worker is gone. In a store of this process alone, before its workers begin: all of them.</summary>
    ValueTask<IReadOnlyList<ProcessingJob>> LostAsync(CancellationToken cancellation);

    /// <summary>Jobs of a scope that have ended, oldest first.</summary>
    /// <param name="scope">Whose.</param>
    /// <param name="upTo">The number of the last one that counts.</param>
    /// <param name="count">At most this many.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<IReadOnlyList<string>> EndedAsync(OwnerScope scope, long upTo, int count, CancellationToken cancellation);

    /// <summary>The number of the newest job; 0 when there is none.</summary>
    ValueTask<long> LastNumberAsync(CancellationToken cancellation);

    ValueTask<IReadOnlyList<JobImage>> ImagesAsync(string jobId, OwnerScope scope, CancellationToken cancellation);

    ValueTask<JobImage?> FindImageAsync(string id, OwnerScope scope, CancellationToken cancellation);

    /// <summary>Which of these jobs exist.</summary>
    ValueTask<IReadOnlySet<string>> ExistingJobsAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation);

    /// <summary>Which of these images exist, with their files.</summary>
    ValueTask<IReadOnlyDictionary<string, string>> ExistingImagesAsync(IReadOnlyList<string> ids, CancellationToken cancellation);
}

/// <summary>Which jobs to list; null takes all.</summary>
/// <param name="Scope">Whose.</param>
/// <param name="Status">In which state.</param>
/// <param name="Type">Of which type.</param>
/// <param name="Model">With which model.</param>
/// <param name="Search">Words that the prompt has, in any order; a phrase in quotes is found as it is.</param>
internal sealed record JobFilter(OwnerScope Scope, string? Status = null, string? Type = null, string? Model = null, string? Search = null);

/// <summary>Newest first.</summary>
internal readonly record struct JobPage(int Limit, int Offset);

/// <param name="Jobs">By their place.</param>
/// <param name="IsPaused">Whether none may begin.</param>
/// <param name="Served">When each owner was served last, as a count that only grows; who is missing was never.</param>
internal sealed record WaitingJobs(IReadOnlyList<WaitingJob> Jobs, bool IsPaused, IReadOnlyDictionary<string, long> Served);

/// <param name="Job">Its row.</param>
/// <param name="Deaths">How often it has ended the process.</param>
/// <param name="StopWasNoted">Whether its worker had begun to stop.</param>
internal sealed record ProcessingJob(Job Job, int Deaths, bool StopWasNoted);
