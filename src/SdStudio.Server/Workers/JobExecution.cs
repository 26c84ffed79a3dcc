using SdCpp.Interop;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Brings a claimed job to its end: whatever happens, its row says afterwards how it ended, or that it waits again.</summary>
internal sealed partial class JobExecution(
    JobQueue queue, RunningJobs runningJobs, IJobStore store, JobRunner runner, FailureReasons reasons, ImageFiles files, ILogger<JobExecution> logger)
{
    private static readonly TimeSpan StorageRetryDelay = TimeSpan.FromSeconds(1);

    /// <param name="claimed">The job.</param>
    /// <param name="stop">The server stops: the job waits for its next start.</param>
    public async Task RunAsync(ClaimedJob claimed, CancellationToken stop)
    {
        Lease lease = claimed.Lease;
        // Until more is known: what fails before the engine begins is not the job's fault.
        Func<ValueTask<Job?>> end = () => store.PutBackAsync(lease, CancellationToken.None);
        IReadOnlyList<JobImage> images = [];
        RunningJob? running = null;
        try
        {
            running = await runningJobs.BeginAsync(claimed, stop).ConfigureAwait(false);
            // Written before the engine is waited for: whoever loses patience and kills the process does not harm the job.
            using CancellationTokenRegistration noting = stop.Register(() => _ = NoteStopAsync(lease));
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, running.Cancelled);
            (end, images) = await EndingOfAsync(running, stop, either.Token).ConfigureAwait(false);
        }
        finally
        {
            if (running is not null)
                await running.Shared.CloseAsync().ConfigureAwait(false);
            if (images.Count == 0)
                images = await StoredAsync(() => KeptOfAsync(claimed.Job, running), stop).ConfigureAwait(false);
            (Job? ended, images) = await EndAsync(end, images, lease, running, stop).ConfigureAwait(false);
            queue.End(lease.JobId, ended, images);
        }
    }

    private async Task<(Job? Ended, IReadOnlyList<JobImage> Images)> EndAsync(
        Func<ValueTask<Job?>> end, IReadOnlyList<JobImage> images, Lease lease, RunningJob? running, CancellationToken stop)
    {
        try
        {
            return (await StoredAsync(end, stop).ConfigureAwait(false), images);
        }
        catch (StorageUnavailableException exception) when (exception.Problem == StorageProblem.Refused && running is not null)
        {
            // It would be refused again and again, and nothing else run meanwhile.
            LogFailed(exception, lease.JobId, exception.Message);
            JobFailure failure = reasons.Of(exception, running);
            return (await StoredAsync(() => store.FailAsync(lease, failure, CancellationToken.None), stop).ConfigureAwait(false), []);
        }
    }

    /// <summary>Runs a job.</summary>
    /// <returns>What to write into its row.</returns>
    private async Task<(Func<ValueTask<Job?>> End, IReadOnlyList<JobImage> Images)> EndingOfAsync(RunningJob running, CancellationToken stop, CancellationToken either)
    {
        Lease lease = running.Lease;
        try
        {
            JobResult result = await runner.RunAsync(running, either).ConfigureAwait(false);
            return (() => store.CompleteAsync(lease, result, CancellationToken.None), result.Images);
        }
        catch (OperationCanceledException) when (running.IsLost)
        {
            // Nobody asked for its end: where its row is still this machine's, because no other could reach the database either, it waits again.
            return (() => store.PutBackAsync(lease, CancellationToken.None), []);
        }
        catch (OperationCanceledException) when (running.Cancelled.IsCancellationRequested)
        {
            double progress = running.Progress.Fraction;
            LogCancelled(lease.JobId);
            return (() => store.CancelledAsync(lease, progress, CancellationToken.None), []);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogPutBack(lease.JobId);
            return (() => store.PutBackAsync(lease, CancellationToken.None), []);
        }
        catch (StorageUnavailableException exception) when (exception.Problem == StorageProblem.Busy)
        {
            // Neither its inputs can be read nor its images be written: that is not its fault.
            LogStorage(exception);
            return (() => store.PutBackAsync(lease, CancellationToken.None), []);
        }
        catch (Exception exception)
        {
            // An SdException says what is wrong with a file or a value; where it was thrown helps nobody.
            LogFailed(exception is SdException ? null : exception, lease.JobId, exception.Message);
            JobFailure failure = reasons.Of(exception, running);
            return (() => store.FailAsync(lease, failure, CancellationToken.None), []);
        }
    }

    // What is listed stays; an image that was written and not listed goes. Before the row: after it, another worker may have the job.
    private async ValueTask<IReadOnlyList<JobImage>> KeptOfAsync(Job job, RunningJob? running)
    {
        if (running is null || running.IsLost)
            return [];
        try
        {
            await files.DeleteImagesOfAsync(job.Id, job.Settings.Count, running.Images.Select(image => image.Index), VideoFormats.ExtensionOf(job.Settings)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogLeftovers(exception, job.Id);
        }

        return running.Images;
    }

    private async Task NoteStopAsync(Lease lease)
    {
        try
        {
            await store.NoteStopAsync(lease, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is StorageUnavailableException or OperationCanceledException)
        {
            LogStorage(exception);
        }
    }

    // An image that was generated is not lost because the disk is full for a minute or another program holds the database.
    private async Task<T> StoredAsync<T>(Func<ValueTask<T>> write, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await write().ConfigureAwait(false);
            }
            catch (StorageUnavailableException exception) when (exception.Problem != StorageProblem.Refused && !stop.IsCancellationRequested)
            {
                LogStorage(exception);
                await Task.Delay(StorageRetryDelay, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The database cannot be used at the moment; trying again")]
    private partial void LogStorage(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job} failed: {Reason}")]
    private partial void LogFailed(Exception? exception, string job, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Files of the unsuccessful job {Job} could not be removed")]
    private partial void LogLeftovers(Exception exception, string job);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} was cancelled and the engine has stopped")]
    private partial void LogCancelled(string job);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} is interrupted by the stop; it runs again after the next start")]
    private partial void LogPutBack(string job);
}
