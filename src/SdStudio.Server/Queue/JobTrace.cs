using System.Diagnostics;

namespace SdStudio.Server.Queue;

/// <summary>What is measured of one job between its calls. Several devices may report about its images at the same time.</summary>
internal sealed class JobTrace
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, TracedPhase> _phases = [];

    /// <summary>The request that added the job.</summary>
    public ActivityContext Parent { get; init; }

    /// <summary>The span of the job while it runs; null when nobody traces.</summary>
    public Activity? Activity { get; private set; }

    public void Start(Activity? activity, Job job)
    {
        Stop(ActivityStatusCode.Unset);
        // What the worker does next belongs to it no more than to the request that woke the worker.
        Activity? current = System.Diagnostics.Activity.Current;
        Activity = activity?.SetTag("sdstudio.job.id", job.Id).SetTag("sdstudio.job.type", job.Settings.Type).SetTag("sdstudio.model", job.Settings.Model).Start();
        System.Diagnostics.Activity.Current = current;
    }

    /// <param name="image">Which image of the job.</param>
    /// <param name="phase">What happens to it now.</param>
    /// <param name="steps">In how many steps; 0 for a phase without.</param>
    /// <param name="now">Since when.</param>
    /// <returns>The phase that ended with this; null when none did.</returns>
    public TracedPhase? Enter(int image, string phase, int steps, long now)
    {
        lock (_lock)
        {
            // The engine says how many steps there are when it is in the first of them.
            steps = phase == "sample" ? steps : 0;
            bool known = _phases.TryGetValue(image, out TracedPhase before);
            bool same = known && before.Name == phase;
            _phases[image] = same ? before with { Steps = steps } : new TracedPhase(phase, steps, now);
            return known && !same ? before : null;
        }
    }

    /// <returns>The phase that ended with this; null when none did.</returns>
    public TracedPhase? Leave(int image)
    {
        lock (_lock)
            return _phases.Remove(image, out TracedPhase last) ? last : null;
    }

    public void Stop(ActivityStatusCode status)
    {
        lock (_lock)
            _phases.Clear();
        Activity?.SetStatus(status).Dispose();
        Activity = null;
    }
}

/// <param name="Name">As it is measured.</param>
/// <param name="Steps">How many it has; 0 when none are counted.</param>
/// <param name="Since">When it began.</param>
internal readonly record struct TracedPhase(string Name, int Steps, long Since);
