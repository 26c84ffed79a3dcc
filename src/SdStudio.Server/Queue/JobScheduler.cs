using SdStudio.Server.Settings;

namespace SdStudio.Server.Queue;

/// <summary>
/// Who goes next. Higher priorities first, and waiting raises a priority; within one, owners take turns; and while the first in line
/// has not waited long, jobs of models that are loaded go before it, because a load costs more than most images. A job that was put
/// beside another one stays beside it.
/// </summary>
internal static class JobScheduler
{
    /// <param name="waiting">By their place.</param>
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
            // Jobs that somebody placed keep their place.
            bool patient = now - turns[0].QueuedAt < options.AffinitySeconds * 1000L && turns.TrueForAll(job => job.Placement == Placement.Own);
            order.AddRange(patient ? turns.OrderBy(job => isWarm(job.Model) ? 0 : 1) : turns);
        }

        return order;
    }

    private static List<WaitingJob> TakeTurns(IEnumerable<WaitingJob> jobs, IReadOnlyDictionary<string, long> served)
    {
        // Owners who were served at the same time come in the order of their first jobs.
        List<Queue<List<WaitingJob>>> owners = [.. Together(jobs)
            .GroupBy(OwnerOf)
            .OrderBy(owner => served.GetValueOrDefault(owner.Key))
            .Select(owner => new Queue<List<WaitingJob>>(owner))];
        List<WaitingJob> turns = [];
        while (owners.Count > 0)
        {
            foreach (Queue<List<WaitingJob>> owner in owners)
                turns.AddRange(owner.Dequeue());
            owners.RemoveAll(owner => owner.Count == 0);
        }

        return turns;
    }

    // What was put beside another job has one turn with it.
    private static List<List<WaitingJob>> Together(IEnumerable<WaitingJob> jobs)
    {
        List<List<WaitingJob>> groups = [];
        WaitingJob? previous = null;
        foreach (WaitingJob job in jobs)
        {
            if (previous is not null && (job.Placement == Placement.AfterPrevious || previous.Placement == Placement.BeforeNext))
                groups[^1].Add(job);
            else
                groups.Add([job]);
            previous = job;
        }

        return groups;
    }

    private static string OwnerOf(List<WaitingJob> group) => (group.Find(job => job.Placement == Placement.Own) ?? group[0]).Owner;
}
