using SdStudio.Server.Models.Cache;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary>Jobs with what only the moment knows: progress, place in line, time left.</summary>
internal sealed class QueueViews(JobLine line, RunningJobs running, IJobQueries queries, IModelCostStore costs, IJobDevices devices, EngineHost engine)
{
    public async ValueTask<JobView> OfAsync(Job job, CancellationToken cancellation) => (await OfAsync([job], cancellation))[0];

    /// <summary>A job with its images.</summary>
    public async ValueTask<JobView> WithImagesAsync(Job job, CancellationToken cancellation) => await OfAsync(job, cancellation) with
    {
        Images = [.. (await queries.ImagesAsync(job.Id, OwnerScope.All, cancellation)).Select(ImageView.Of)],
    };

    /// <summary>Waiting jobs, the next one first.</summary>
    public async ValueTask<List<JobView>> ByPositionAsync(JobFilter filter, JobPage page, CancellationToken cancellation)
    {
        IReadOnlyList<Job> waiting = await queries.ListAsync(filter, new JobPage(int.MaxValue, 0), cancellation);
        Dictionary<string, int> positions = PositionsOf(await line.OrderAsync(cancellation));
        return await OfAsync(
            [.. waiting.OrderBy(job => positions.GetValueOrDefault(job.Id, int.MaxValue)).Skip(page.Offset).Take(page.Limit)], cancellation);
    }

    public async ValueTask<List<JobView>> OfAsync(IReadOnlyList<Job> jobs, CancellationToken cancellation)
    {
        List<JobView> views = new(jobs.Count);
        if (!jobs.Any(job => job.Status == JobStatus.Pending))
        {
            foreach (Job job in jobs)
                views.Add(await NowAsync(job, cancellation));
            return views;
        }

        JobOrder order = await line.OrderAsync(cancellation);
        Dictionary<string, int> positions = PositionsOf(order);
        foreach (Job job in jobs)
        {
            views.Add(job.Status == JobStatus.Pending && positions.TryGetValue(job.Id, out int index)
                ? JobView.Of(job) with { Position = index + 1, WaitingFor = Reason(order, index), Eta = await EtaAsync(job, order, index, cancellation) }
                : await NowAsync(job, cancellation));
        }

        return views;
    }

    private static Dictionary<string, int> PositionsOf(JobOrder order) =>
        order.Jobs.Index().ToDictionary(waiting => waiting.Item.Id, waiting => waiting.Index, StringComparer.Ordinal);

    private async ValueTask<JobView> NowAsync(Job job, CancellationToken cancellation)
    {
        if (job.Status != JobStatus.Processing)
            return JobView.Of(job);
        // Without one its row was read before it ended: progress would seem to go back.
        return running.Find(job.Id) is { } now ? JobView.Of(job, now) : JobView.Of(await queries.FindAsync(job.Id, OwnerScope.All, cancellation) ?? job);
    }

    private string Reason(JobOrder order, int index) =>
        order.IsPaused ? "the queue is paused"
        : engine.Ready.IsFaulted ? "the engine could not be loaded"
        : !engine.Ready.IsCompleted ? "the engine is loading"
        : devices.ReasonFor(order.Jobs[index]) is { } reason ? reason
        : index == 0 ? "it is next" : index == 1 ? "1 job is before it" : $"{index} jobs are before it";

    // Known only when every model before it was measured; a job before it is taken to be like this one, save for its model.
    private async ValueTask<double?> EtaAsync(Job job, JobOrder order, int index, CancellationToken cancellation)
    {
        if (order.IsPaused || await costs.FindAsync(ModelCosts.KeyOf(job.Settings), device: null, cancellation) is not { } known)
            return null;
        double runningMs = running.All.Sum(other => other.Progress.RemainingMs);
        double own = known.Predict(job.Settings, warm: true).Sum();
        int loads = order.Jobs.Take(index + 1).Zip(order.Jobs.Take(index + 1).Skip(1)).Count(pair => pair.First.Model != pair.Second.Model);
        int computing = Math.Max(1, devices.Computing);
        return Math.Round((runningMs + (own * (index + 1)) + (known.LoadMs * loads)) / 1000 / computing, 1);
    }
}
