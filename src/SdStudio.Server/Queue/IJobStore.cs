using SdStudio.Server.Generation;

namespace SdStudio.Server.Queue;

/// <summary>
/// Changes jobs. Each call is one transaction and on disk when it ends. Who runs a job shows its <see cref="Lease"/> with every write:
/// a write with a lease that is over changes nothing.
/// </summary>
internal interface IJobStore
{
    /// <summary>Adds a job. With a key that its owner has used before, nothing is added and that job comes back.</summary>
    /// <exception cref="QueueFullException">As many jobs wait as may.</exception>
    /// <exception cref="IdempotencyKeyException">The key belongs to another request.</exception>
    ValueTask<Submitted> AddAsync(NewJob job, int maxWaiting, CancellationToken cancellation);

    /// <summary>Gives the first of the candidates that still waits to a worker, and counts the attempt. Null when none waits any more, or the queue is paused.</summary>
    /// <param name="worker">Who takes it: unique among all processes that ever run.</param>
    /// <param name="device">What it computes on; null when that has no name.</param>
    /// <param name="candidates">Jobs, the one that should run first at the front.</param>
    /// <param name="cancellation">Ends the call.</param>
    ValueTask<ClaimedJob?> ClaimAsync(string worker, string? device, IReadOnlyList<string> candidates, CancellationToken cancellation);

    /// <summary>The images, the measured costs and the job's end become visible together. Null when the lease is over.</summary>
    ValueTask<Job?> CompleteAsync(Lease lease, JobResult result, CancellationToken cancellation);

    /// <summary>Lists an image of a running job: it stays, however the job ends. False when the lease is over.</summary>
    ValueTask<bool> AddImageAsync(Lease lease, JobImage image, CancellationToken cancellation);

    /// <summary>Removes an image, and with the last one its job.</summary>
    ValueTask<DeletedImage> DeleteImageAsync(string id, OwnerScope scope, CancellationToken cancellation);

    ValueTask<Job?> FailAsync(Lease lease, JobFailure failure, CancellationToken cancellation);

    /// <summary>Ends a running job whose engine has stopped.</summary>
    ValueTask<Job?> CancelledAsync(Lease lease, double progress, CancellationToken cancellation);

    /// <summary>Lets a job wait again that the server's own stop interrupted: that attempt does not count.</summary>
    ValueTask<Job?> PutBackAsync(Lease lease, CancellationToken cancellation);

    /// <summary>Notes that the worker has begun to stop, before it waits for the engine: being killed from here on is not the job's doing.</summary>
    ValueTask NoteStopAsync(Lease lease, CancellationToken cancellation);

    /// <summary>Ends a waiting job; notes for a running one that it is to end, so that a crash before it has does not bring it back.</summary>
    ValueTask<CancelRequest> RequestCancelAsync(string id, OwnerScope scope, bool evenRunning, CancellationToken cancellation);

    /// <summary>Ends every waiting job of a scope.</summary>
    ValueTask<IReadOnlyList<Job>> CancelWaitingAsync(OwnerScope scope, CancellationToken cancellation);

    /// <summary>Sends a failed or cancelled job to the end of the queue, as if it were new. Null when there is no such job in such a state.</summary>
    /// <exception cref="QueueFullException">As many jobs wait as may.</exception>
    ValueTask<Job?> RetryAsync(string id, OwnerScope scope, int maxWaiting, CancellationToken cancellation);

    /// <summary>Gives a waiting job another priority. Null when it does not wait.</summary>
    ValueTask<Job?> SetPriorityAsync(string id, OwnerScope scope, int priority, CancellationToken cancellation);

    /// <summary>Puts a waiting job directly before or after another one, whose priority and time of waiting it takes. Null when one of them does not wait.</summary>
    ValueTask<Job?> MoveAsync(string id, string other, bool after, OwnerScope scope, CancellationToken cancellation);

    /// <summary>Decides about a job that the last process left in the middle: waiting again, failed, or cancelled as was asked.</summary>
    ValueTask<Job?> RecoverAsync(string id, JobFailure? failure, bool counts, CancellationToken cancellation);

    /// <summary>Removes jobs that have ended, with the rows of their images.</summary>
    /// <returns>Those that were removed, with their images.</returns>
    ValueTask<IReadOnlyList<DeletedJob>> DeleteAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation);
}

/// <summary>A job that was claimed by a worker: its writes carry this, so that nobody writes for whom the job no longer is.</summary>
/// <param name="JobId">The job's id.</param>
/// <param name="Worker">Whose it is.</param>
/// <param name="Claim">Which claim of the job this is: grows with every one, also when an attempt does not count.</param>
internal readonly record struct Lease(string JobId, string Worker, long Claim);

internal sealed record ClaimedJob(Job Job, Lease Lease);

/// <summary>A job to add.</summary>
internal sealed record NewJob(string Id, GenerationSettings Settings, SubmitOptions Options);

/// <param name="Job">The job, which is on disk.</param>
/// <param name="IsNew">False when its owner had sent the same request under the same key before.</param>
internal readonly record struct Submitted(Job Job, bool IsNew);

/// <summary>Why a job failed.</summary>
/// <param name="Message">For people.</param>
/// <param name="Code">The name of an <see cref="SdCpp.Interop.SdError"/>, or <see cref="DiskFull"/>.</param>
/// <param name="Progress">How far it was.</param>
internal sealed record JobFailure(string Message, string Code, double Progress)
{
    /// <summary>The code of jobs whose images found no room on the disk.</summary>
    public const string DiskFull = "DiskFull";
}

/// <param name="Ended">The job, when it was waiting and has ended.</param>
/// <param name="IsRunning">Whether it runs, and has been marked to end.</param>
internal readonly record struct CancelRequest(Job? Ended, bool IsRunning);

/// <summary>A job whose row is gone: what is left of it are its files.</summary>
internal sealed record DeletedJob(string Id, string Owner, IReadOnlyList<JobImage> Images, IReadOnlyList<string> Inputs);
