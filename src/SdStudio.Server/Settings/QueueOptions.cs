namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Queue</c>.</summary>
public sealed class QueueOptions
{
    /// <summary>Most jobs that wait; one more is answered with 429.</summary>
    [Allowed(1, 100_000)]
    public int MaxWaiting { get; set; } = 1000;

    /// <summary>How long the first in line may be overtaken by jobs of the loaded model, seconds.</summary>
    [Allowed(0, 86_400)]
    public int AffinitySeconds { get; set; } = 30;

    /// <summary>Waiting this long raises a job's priority by one, seconds.</summary>
    [Allowed(1, 86_400)]
    public int AgeingSeconds { get; set; } = 300;

    /// <summary>How long a job waits for a machine that does not say that it lives, before another one takes it, seconds; only where machines share a database.</summary>
    [Allowed(3, 3600)]
    public int LeaseSeconds { get; set; } = 30;
}
