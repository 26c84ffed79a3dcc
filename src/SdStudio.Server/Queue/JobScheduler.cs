using SdStudio.Server.Settings;

namespace SdStudio.Server.Queue;

/// <summary>
/// Who goes next. Higher priorities first, and waiting raises a priority; within one, owners take turns; and while the first in line
/// has not waited long, jobs of models that are loaded go before it, because a load costs more than most pictures.
/// </summary>
internal static class JobScheduler
{
    /// <param name="waiting">In the order they came.</param>
    /// <param name="isWarm">Whether a model is loaded.</param>
    /// <param name="served">When each owner was served last, as a count that only grows; who is missing was never.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="options">How long is long.</param>
    public static List<WaitingJob> Of(
        IReadOnlyList<WaitingJob> waiting, Predicate<string> isWarm, IReadOnlyDictionary<string, long> served, long now, QueueOptions options)
    {
        List<WaitingJob> order = new(waiting.Count);
        long ageing = options.AgeingSeconds * 1000L;
        foreach (IGrouping<long, WaitingJob> level in waiting.GroupBy(job => job.Priority + ((now - job.QueuedAt) / ageing)).OrderByDescending(level => level.Key))
        {
            List<WaitingJob> turns = TakeTurns(level, served);
            // Who has put jobs in line by hand wants them in that order.
            bool patient = now - turns[0].QueuedAt < options.AffinitySeconds * 1000L && !turns.Exists(job => job.IsPlaced);
            order.AddRange(patient ? turns.OrderBy(job => isWarm(job.Model) ? 0 : 1) : turns);
        }

        return order;
    }

    private static List<WaitingJob> TakeTurns(IEnumerable<WaitingJob> jobs, IReadOnlyDictionary<string, long> served)
    {
        List<Queue<WaitingJob>> owners = [.. jobs
            .GroupBy(job => job.Owner)
            .OrderBy(owner => served.GetValueOrDefault(owner.Key)).ThenBy(owner => owner.First().Number)
            .Select(owner => new Queue<WaitingJob>(owner))];
        List<WaitingJob> turns = [];
        while (owners.Count > 0)
        {
            foreach (Queue<WaitingJob> owner in owners)
                turns.Add(owner.Dequeue());
            owners.RemoveAll(owner => owner.Count == 0);
        }

        return turns;
    }
}
