using SdStudio.Server.Generation;
using System.Collections.Concurrent;

namespace SdStudio.Server.Queue;

/// <summary>The jobs that this process runs, with what only the moment knows of them.</summary>
internal sealed class RunningJobs(IModelCostStore costs, IWarmModels warm, IJobQueries queries, JobEvents events, OtherNodes others, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, RunningJob> _running = new(StringComparer.Ordinal);
    private readonly HashSet<string> _cancelledEarly = new(StringComparer.Ordinal);

    public ICollection<RunningJob> All => _running.Values;

    public RunningJob? Find(string id) => _running.GetValueOrDefault(id);

    /// <summary>A worker begins with a job.</summary>
    public async ValueTask<RunningJob> BeginAsync(ClaimedJob claimed, CancellationToken cancellation)
    {
        Job job = claimed.Job;
        ModelCosts known = await CostsAsync(job.Settings, warm.ClassOf(job.Device), cancellation).ConfigureAwait(false);
        var running = new RunningJob(claimed, known.Predict(job.Settings, warm.IsWarm(job.Settings.Model, job.Device)), time, events.Progressed);
        // An earlier try was interrupted: what it has completed need not be generated again.
        foreach (JobImage image in job.ImageCount > 0 ? await queries.ImagesAsync(job.Id, OwnerScope.All, cancellation).ConfigureAwait(false) : [])
            running.Add(image);
        lock (_lock)
        {
            _running[claimed.Job.Id] = running;
            if (_cancelledEarly.Remove(claimed.Job.Id))
                running.Cancel();
        }

        // What another machine was asked after the claim was told before this one listened for the job. The engine need not wait for the answer.
        if (others.AreShared)
            _ = CancelIfAskedAsync(job.Id);
        events.Updated(claimed.Job);
        return running;
    }

    /// <summary>Stops the engine's work on a job; on one that was claimed a moment ago, as soon as it begins.</summary>
    public void Cancel(string id)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(id, out RunningJob? running))
                running.Cancel();
            else if (!others.AreShared)
                _cancelledEarly.Add(id);
        }
    }

    private async Task CancelIfAskedAsync(string id)
    {
        try
        {
            if (await queries.FindAsync(id, OwnerScope.All, CancellationToken.None).ConfigureAwait(false) is { CancelRequested: true })
                Cancel(id);
        }
        catch (StorageUnavailableException)
        {
            // It is heard with the next renewal of the lease.
        }
    }

    /// <summary>Lets go of a job that is another process's now; nothing happens when its worker is done with it already.</summary>
    /// <returns>Whether it was still running here.</returns>
    public bool Lose(RunningJob running)
    {
        lock (_lock)
        {
            if (Find(running.Job.Id) != running)
                return false;
            running.Lose();
            return true;
        }
    }

    /// <summary>The worker is done with a job.</summary>
    public void End(string id)
    {
        lock (_lock)
        {
            _cancelledEarly.Remove(id);
            if (_running.TryRemove(id, out RunningJob? running))
                running.Dispose();
        }
    }

    // Only an estimate: a job is not kept from running by it.
    private async ValueTask<ModelCosts> CostsAsync(GenerationSettings settings, string device, CancellationToken cancellation)
    {
        try
        {
            return await costs.FindAsync(ModelCosts.KeyOf(settings), device, cancellation).ConfigureAwait(false)
                ?? await costs.FindAsync(settings.Model, device, cancellation).ConfigureAwait(false) ?? ModelCosts.Guess;
        }
        catch (StorageUnavailableException)
        {
            return ModelCosts.Guess;
        }
    }
}
