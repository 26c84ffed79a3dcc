namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Queue</c>.</summary>
public sealed class QueueOptions
{
    /// <summary>Most jobs that wait; one more is answered with 429.</summary>
    public int MaxWaiting { get; set; } = 1000;

    /// <summary>How long the first in line may be overtaken by jobs of the loaded model, seconds.</summary>
    public int AffinitySeconds { get; set; } = 30;

    /// <summary>Waiting this long raises a job's priority by one, seconds.</summary>
    public int AgeingSeconds { get; set; } = 300;

    internal IEnumerable<(string Name, int Value, int Min, int Max)> Ranges() =>
    [
        (nameof(MaxWaiting), MaxWaiting, 1, 100_000),
        (nameof(AffinitySeconds), AffinitySeconds, 0, 86_400),
        (nameof(AgeingSeconds), AgeingSeconds, 1, 86_400),
    ];
}
