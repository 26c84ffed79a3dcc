using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Gives every idle device the job that it should run next; the jobs run beside each other, each to its end.</summary>
internal sealed partial class JobWorker(
    JobDevices devices, BatchHelp help, JobQueue queue, JobExecution execution, IQueueSignal signal, IHostApplicationLifetime lifetime,
    ILogger<JobWorker> logger) : BackgroundService
{
    private static readonly TimeSpan StorageRetryDelay = TimeSpan.FromSeconds(1);

    // Jobs of this process ring; those of others are found by looking.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host stops its services one after the other and the web server first, which waits for its requests, which wait for jobs.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        if (!await EngineIsReadyAsync(stop.Token).ConfigureAwait(false))
            return;
        List<Task> running = [];
        try
        {
            while (!stop.IsCancellationRequested)
            {
                running.RemoveAll(job => job.IsCompleted);
                running.AddRange(await BeginAsync(stop.Token).ConfigureAwait(false));
                await signal.WaitAsync(LookEvery, stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server stops: what runs is put back.
        }
        finally
        {
            await Task.WhenAll(running).ConfigureAwait(false);
        }
    }

    /// <summary>Begins jobs for as long as an idle device can run one.</summary>
    private async Task<List<Task>> BeginAsync(CancellationToken stop)
    {
        List<Task> begun = [];
        try
        {
            while (!stop.IsCancellationRequested && await ClaimAsync(begun, stop).ConfigureAwait(false))
            {
                // Until no idle device finds a job: what was asked for the last time may have changed meanwhile.
            }

            begun.AddRange(await help.BeginAsync(stop).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // The database cannot be read or written at the moment; the jobs in it wait.
            LogStorage(exception);
            begun.Add(RingLaterAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // What was begun before is waited for.
        }

        return begun;
    }

    // A job for each idle device, which begins at once. First the device that has the model of its next job in memory: so that no other one
    // loads it beside.
    private async Task<bool> ClaimAsync(List<Task> begun, CancellationToken stop)
    {
        List<(IJobDevice Device, bool IsWarm)> ready = [];
        foreach (IJobDevice device in devices.Idle)
        {
            if (await queue.NextAsync(device, stop).ConfigureAwait(false) is { } job)
                ready.Add((device, device.IsWarm(job.Model)));
        }

        bool any = false;
        foreach ((IJobDevice device, _) in ready.OrderByDescending(device => device.IsWarm))
        {
            if (await queue.ClaimAsync(WorkerName.OfThisProcess, device, stop).ConfigureAwait(false) is not { } claimed)
                continue;
            begun.Add(RunAsync(claimed, stop));
            any = true;
        }

        return any;
    }

    private async Task RunAsync(ClaimedJob claimed, CancellationToken stop)
    {
        string device = claimed.Job.Device!;
        devices.Begin(device);
        try
        {
            // The next device need not wait until this one's engine answers.
            await Task.Run(() => execution.RunAsync(claimed, stop), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            LogStorage(exception);
        }
        finally
        {
            devices.End(device);
            signal.Ring();
        }
    }

    private async Task RingLaterAsync(CancellationToken stop)
    {
        await Task.Delay(StorageRetryDelay, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        signal.Ring();
    }

    // Without an engine the jobs wait for a start with one, rather than fail one after the other.
    private async Task<bool> EngineIsReadyAsync(CancellationToken stop)
    {
        await devices.Ready.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return devices.Ready.IsCompletedSuccessfully;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The worker cannot continue at the moment; trying again")]
    private partial void LogStorage(Exception exception);
}
