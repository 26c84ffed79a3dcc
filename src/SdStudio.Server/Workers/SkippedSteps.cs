using System.Globalization;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Workers;

/// <summary>Counts the steps that the engine leaves out: it says so in its log at the end of a pass.</summary>
internal sealed partial class SkippedSteps
{
    private int _count;

    /// <summary>Steps that were left out.</summary>
    public int Count => _count;

    /// <summary>The same job, its log listened to.</summary>
    public JobContext Of(JobContext job)
    {
        if (job.Settings.StepCache is null)
            return job;
        return job with
        {
            Callbacks = job.Callbacks with
            {
                Log = line =>
                {
                    if (Line().Match(line.Text) is { Success: true } told && int.TryParse(told.Groups["steps"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int steps))
                        _count += steps;

                    job.Callbacks.Log?.Invoke(line);
                },
            },
        };
    }

    [GeneratedRegex(@"\b\w+ skipped (?<steps>\d{1,6})/\d+ steps", RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
