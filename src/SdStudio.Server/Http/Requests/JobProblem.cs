using SdCpp.Interop;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Requests;

/// <summary>What a job that brought no images is to the client that waits for it: the same on every surface.</summary>
internal static class JobProblem
{
    /// <summary>The error; null for a job that is complete, and for one that has not ended.</summary>
    public static RequestError? Of(Job job) => job.Status switch
    {
        // What the engine refuses is the request's fault; everything else that ends a job is not.
        JobStatus.Failed => new RequestError(
            job.ErrorCode switch
            {
                nameof(SdError.InvalidArgument) => StatusCodes.Status400BadRequest,
                JobFailure.DiskFull => StatusCodes.Status507InsufficientStorage,
                _ => StatusCodes.Status500InternalServerError,
            },
            job.Error ?? "The job failed"),
        JobStatus.Cancelled => new RequestError(StatusCodes.Status409Conflict, "The job was cancelled", $"Job {job.Id}"),
        _ => null,
    };

    /// <summary>The same for clients that wait as long as it takes: a job that has not ended will not while they wait.</summary>
    public static RequestError? OfEnded(Job job) => job.Status == JobStatus.Completed ? null : Of(job)
        ?? new RequestError(StatusCodes.Status503ServiceUnavailable, $"The server is stopping; job {job.Id} runs after its next start");
}
