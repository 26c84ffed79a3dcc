using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>Keeps the weights in the machine's memory instead of the card's: less of the card, the same image.</summary>
internal sealed class WeightsInRamCheck() : Check("weights-in-ram", "keep the weights in RAM", TimeSpan.FromSeconds(60))
{
    public override string? After => new ModelsCheck().Name;

    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        CheckModel model = context.Sizes.MemoryModel;
        ImageRun run = context.Sizes.OnCard[model] with { Steps = context.Sizes.StepsInMemory };
        Dictionary<string, double> figures = new() { ["side_pixels"] = run.Side };
        SdDevice? device = context.DeviceOf(context.Device);
        double before = MemoryWatch.UsedMib(device) ?? 0;
        figures["before_mib"] = before;
        (TimedImage onCard, double cardWeights) = await GenerateAsync(context, model, run, "card", figures, before, options => options);
        figures["after_free_mib"] = (MemoryWatch.UsedMib(device) ?? 0) - before;
        (TimedImage inRam, double ramWeights) = await GenerateAsync(context, model, run, "ram", figures, before, options => options with { ParamsBackend = "cpu" });
        ImageDifference difference = ImageDifference.Of(onCard.Pixels, inRam.Pixels);
        difference.AddTo(figures);

        // What is measured counts where the device's own numbers show the weights at all: those of a software device do not.
        bool isMeasured = figures["card_loaded_mib"] > cardWeights * 0.8;
        return new CheckAnswer(CheckOutcome.Judge(
            figures,
            ramWeights > cardWeights * 0.1 ? FormattableString.Invariant($"the engine still put {ramWeights:F0} MiB of weights on the card") : null,
            isMeasured && figures["ram_loaded_mib"] > cardWeights * 0.5 ? FormattableString.Invariant($"loading took {figures["ram_loaded_mib"]:F0} MiB of the card") : null,
            isMeasured && figures["after_free_mib"] > cardWeights * 0.2 ? FormattableString.Invariant($"{figures["after_free_mib"]:F0} MiB of the card stayed in use after the model was freed") : null,
            difference.Psnr < 40 ? FormattableString.Invariant($"the image differs from the one with weights on the card: PSNR {difference.Psnr:F1} dB") : null));
    }

    private static async Task<(TimedImage TimedImage, double WeightsOnCard)> GenerateAsync(
        CheckContext context, CheckModel model, ImageRun run, string where, Dictionary<string, double> figures, double before,
        Func<DiffusionModelOptions, DiffusionModelOptions> change)
    {
        await using TimedModel loaded = await TimedModel.LoadAsync(context, model, context.Device, change);
        double weights = loaded.Log.WeightsOnDevice ?? throw new InvalidOperationException("The engine did not tell where the weights are.");
        figures[where + "_weights_mib"] = weights;
        figures[where + "_loaded_mib"] = (MemoryWatch.UsedMib(context.DeviceOf(context.Device)) ?? 0) - before;
        // The first image prepares the device for the one that is timed.
        if (run.Steps > 1)
            await loaded.GenerateAsync(run with { Steps = 1 });
        TimedImage generated = await loaded.GenerateAsync(run);
        figures[where + "_peak_mib"] = generated.PeakMib - before;
        figures[where + "_step_seconds"] = generated.StepSeconds;
        figures[where + "_image_seconds"] = generated.Seconds;
        return (generated, weights);
    }
}
