namespace SdStudio.GpuCheck.Checks;

/// <summary>How long the card goes on after a cancel, and that it generates rightly afterwards.</summary>
internal sealed class CancelCheck() : Check("cancel", "cancel in the middle of a step", TimeSpan.FromSeconds(45))
{
    // Beyond the step at hand: the engine's cleaning up.
    private const double Slack = 0.3;

    public override string? After => new ModelsCheck().Name;

    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        CheckModel model = context.Sizes.MemoryModel;
        ImageRun run = context.Sizes.Cancelled;
        await using TimedModel loaded = await TimedModel.LoadAsync(context, model, context.Device);
        TimedImage before = await loaded.GenerateAsync(run with { Steps = 2 });
        int rounds = context.Sizes.Cancels;
        List<double> times = [];
        for (int round = 0; round < rounds; round++)
            times.Add(await loaded.CancelAsync(run, afterStep: 1, before.StepSeconds * (round + 0.5) / rounds));
        TimedImage after = await loaded.GenerateAsync(run with { Steps = 2 });
        times.Sort();
        Dictionary<string, double> figures = new()
        {
            ["side_pixels"] = run.Side,
            ["cancels"] = rounds,
            ["step_seconds"] = before.StepSeconds,
            ["median_stop_seconds"] = times[rounds / 2],
            ["longest_stop_seconds"] = times[^1],
        };
        // The step at hand, and as much again where other programs slow down the device meanwhile.
        double most = Math.Max(before.StepSeconds, after.StepSeconds) * 2 + Slack;
        return new CheckAnswer(CheckOutcome.Judge(
            figures,
            times[^1] > most ? FormattableString.Invariant($"it took {times[^1]:F2} s to stop, at most {most:F2} s are expected") : null,
            ImageDifference.Of(before.Pixels, after.Pixels).Psnr < 60 ? "the image after the cancels is not the one before them" : null));
    }
}
