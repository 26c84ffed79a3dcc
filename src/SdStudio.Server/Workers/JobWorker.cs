using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Workers;

/// <summary>The one worker: takes waiting jobs in their order and brings each to an end.</summary>
internal sealed partial class JobWorker(
    EngineHost engineHost, JobQueue queue, JobStore store, JobQueries lists, JobRunner runner, ModelCatalogue catalogue, ImageFiles images,
    DataFolders folders, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<JobWorker> logger) : BackgroundService
{
    // A job that was running when the process died gets one more try; a second death is the job's fault.
    private const int MaxAttempts = 2;
    private static readonly TimeSpan StorageRetryDelay = TimeSpan.FromSeconds(1);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (Job job in lists.Interrupted())
            Recover(job);
        images.DeleteInputsUnless(id => lists.Find(id) is not null);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host stops its services one after the other and the web server first, which waits for its requests, which wait for jobs.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        if (!await EngineIsReadyAsync(stop.Token).ConfigureAwait(false))
            return;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                while (!stop.IsCancellationRequested && queue.Begin() is { } job)
                    await RunAsync(job, stop.Token).ConfigureAwait(false);
                await queue.WaitForWorkAsync(stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The database cannot be read or written at the moment; the jobs in it wait.
                LogStorage(exception);
                await Task.Delay(StorageRetryDelay, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Without an engine the jobs wait for a start with one, rather than fail one after the other.
    private async Task<bool> EngineIsReadyAsync(CancellationToken stop)
    {
        await ((Task)engineHost.Ready).WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return engineHost.Ready.IsCompletedSuccessfully;
    }

    private async Task RunAsync(RunningJob running, CancellationToken stop)
    {
        Func<Job?> end;
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(stop, running.Cancelled))
            end = await EndingOfAsync(running, stop, either.Token).ConfigureAwait(false);
        Job? ended = await StoredAsync(end, stop).ConfigureAwait(false);
        if (ended is { Status: JobStatus.Failed or JobStatus.Cancelled })
            DeletePictures(ended);
        queue.End(running, ended);
    }

    /// <summary>Runs a job.</summary>
    /// <returns>What to write into its row.</returns>
    private async Task<Func<Job?>> EndingOfAsync(RunningJob running, CancellationToken stop, CancellationToken either)
    {
        string id = running.Job.Id;
        try
        {
            JobResult result = await runner.RunAsync(running, either).ConfigureAwait(false);
            return () => store.Complete(id, result.Settings, result.Images, result.LoadingMs, result.GenerationMs);
        }
        catch (OperationCanceledException) when (running.Cancelled.IsCancellationRequested)
        {
            double progress = running.Progress.Fraction;
            LogCancelled(id);
            return () => store.Cancel(id, running: true, progress);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogPutBack(id);
            return () => store.PutBack(id);
        }
        catch (Exception exception)
        {
            // An SdException says what is wrong with a file or a value; where it was thrown helps nobody.
            var reason = exception as SdException;
            LogFailed(reason is null ? exception : null, id, exception.Message);
            double progress = running.Progress.Fraction;
            string message = ReasonOf(exception, running.Job);
            return () => store.Fail(id, message, (reason?.Code ?? SdError.Internal).ToString(), progress);
        }
    }

    // A batch may have written some of its pictures before it ended; nobody lists them.
    private void DeletePictures(Job job)
    {
        try
        {
            images.DeletePicturesOf(job);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogLeftovers(exception, job.Id);
        }
    }

    // A picture that was drawn is not lost because the disk is full for a minute or another program holds the database.
    private async Task<Job?> StoredAsync(Func<Job?> write, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return write();
            }
            catch (Microsoft.Data.Sqlite.SqliteException exception) when (!stop.IsCancellationRequested)
            {
                LogStorage(exception);
                await Task.Delay(StorageRetryDelay, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Recover(Job job)
    {
        if (job.CancelRequested)
        {
            store.Cancel(job.Id, running: true, progress: 0);
            return;
        }

        if (job.Attempts < MaxAttempts)
        {
            store.Recover(job.Id);
            LogRecovered(job.Id);
            return;
        }

        DeletePictures(job);
        string reason = LastWords(job.Id) ?? "the reason is not known";
        store.Fail(
            job.Id, $"The server process ended {job.Attempts} times while it drew this job ({reason}); it is not tried again.",
            nameof(SdError.Internal), progress: 0);
        LogQuarantined(job.Id, reason);
    }

    /// <summary>What the engine wrote about this job before the process died.</summary>
    private string? LastWords(string jobId) => !File.Exists(folders.CrashFile)
        ? null
        : File.ReadLines(folders.CrashFile).LastOrDefault(line => line.Contains($"[{jobId}]", StringComparison.Ordinal));

    private string ReasonOf(Exception exception, Job job) => exception switch
    {
        SdException => WithoutServerPaths(exception.Message, job),
        FileNotFoundException or DirectoryNotFoundException when job.Settings.InputImage is not null =>
            "The picture could not be written to disk, or the job's input image is gone: is the disk full or was the data directory changed?",
        IOException or UnauthorizedAccessException or VipsException =>
            "The picture could not be written to disk: is the disk full or the data directory read-only?",
        BadRequestException => exception.Message,
        _ => "An error inside the server; its log says more.",
    };

    // The binding names files by their full path, which is right for a library and not for an answer over HTTP.
    private string WithoutServerPaths(string message, Job job)
    {
        foreach (ModelFileEntry file in catalogue.Find(job.Settings.Model)?.Files ?? [])
            message = message.Replace(file.FullPath, Path.GetFileName(file.FullPath), StringComparison.Ordinal);
        return message.Replace(folders.Root + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The database cannot be used at the moment; trying again")]
    private partial void LogStorage(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job} failed: {Reason}")]
    private partial void LogFailed(Exception? exception, string job, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Files of job {Job}, which did not end well, could not be removed")]
    private partial void LogLeftovers(Exception exception, string job);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} was cancelled and the engine has stopped")]
    private partial void LogCancelled(string job);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} is interrupted by the stop; it runs again after the next start")]
    private partial void LogPutBack(string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} was running when the server ended; it runs again")]
    private partial void LogRecovered(string job);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job} ended the server process twice ({Reason}); it is not tried again")]
    private partial void LogQuarantined(string job, string reason);
}
