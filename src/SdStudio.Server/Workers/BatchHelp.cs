using SdCpp.Interop;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>
/// Lets devices that have no job of their own generate images of a batch that another one runs. Only devices of the same kind do, so that
/// an image does not depend on who happened to be idle, and only where loading the model there pays.
/// </summary>
internal sealed partial class BatchHelp(
    JobDevices devices, RunningJobs running, JobQueue queue, JobRunner runner, IModelCostStore costs, IQueueSignal signal, ILogger<BatchHelp> logger)
{
    /// <summary>Begins on every idle device for which there is something to do.</summary>
    public async Task<List<Task>> BeginAsync(CancellationToken stop)
    {
        List<Task> begun = [];
        foreach (RunningJob job in running.All.Where(job => job.Shared.Open > 0))
        {
            foreach (IJobDevice device in devices.Idle.Where(device => devices.CanHelp(device.Id, job.Job)))
            {
                if (await PaysAsync(job, device, stop).ConfigureAwait(false)
                    && job.Shared.TryHelp(device.Id, end => Task.Run(() => HelpAsync(job, device, end, stop), CancellationToken.None)) is { } help)
                    begun.Add(help);
            }
        }

        return begun;
    }

    // What is loaded meanwhile is generated on the other device.
    private async ValueTask<bool> PaysAsync(RunningJob job, IJobDevice device, CancellationToken stop)
    {
        if (device.IsWarm(job.Job.Settings.Model))
            return job.Shared.Open > 0;
        ModelCosts known = await costs.FindAsync(ModelCosts.KeyOf(job.Job.Settings), devices.ClassOf(device.Id), stop).ConfigureAwait(false) ?? ModelCosts.Guess;
        return known.LoadMs < job.Shared.Open * known.Predict(job.Job.Settings with { Count = 1 }, warm: true).Sum();
    }

    private async Task HelpAsync(RunningJob job, IJobDevice device, CancellationToken end, CancellationToken stop)
    {
        devices.Begin(device.Id);
        bool failed = false;
        try
        {
            using var any = CancellationTokenSource.CreateLinkedTokenSource(end, stop, job.Cancelled);
            await runner.HelpAsync(job, device.Id, async () => await queue.NextAsync(device, any.Token).ConfigureAwait(false) is null, any.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The job ends; its own device says how.
        }
        catch (Exception exception)
        {
            // Its own device tries the image again, and fails with it if it is the image's fault.
            failed = true;
            LogFailed(exception is SdException ? null : exception, job.Job.Id, device.Id, exception.Message);
        }
        finally
        {
            job.Shared.Leave(device.Id, failed);
            devices.End(device.Id);
            signal.Ring();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: {Device} could not generate an image of it: {Reason}")]
    private partial void LogFailed(Exception? exception, string job, string device, string reason);
}
