using SdStudio.Server.Models.Cache;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>The one worker: takes waiting jobs in their order and brings each to an end.</summary>
internal sealed partial class JobWorker(
    EngineHost engineHost, JobQueue queue, JobExecution execution, IQueueSignal signal, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<JobWorker> logger) : BackgroundService
{
    private static readonly TimeSpan StorageRetryDelay = TimeSpan.FromSeconds(1);

    // Jobs of this process ring; those of others are found by looking.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    // No other process ever has this name, so that what the last one left is told from what this one runs.
    private readonly string _name = $"{Environment.MachineName}-{Guid.CreateVersion7()}";

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
                while (!stop.IsCancellationRequested && await queue.ClaimAsync(_name, device: null, stop.Token).ConfigureAwait(false) is { } claimed)
                    await execution.RunAsync(claimed, stop.Token).ConfigureAwait(false);
                await signal.WaitAsync(LookEvery, stop.Token).ConfigureAwait(false);
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

    [LoggerMessage(Level = LogLevel.Error, Message = "The worker cannot go on at the moment; trying again")]
    private partial void LogStorage(Exception exception);
}
