using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>Times a model: loading it, a step, decoding.</summary>
internal sealed class TimingCheck(CheckModel model, bool onCard)
    : Check($"time-{NameOf(model)}-{(onCard ? "card" : "cpu")}", $"time the {TitleOf(model)} on the {(onCard ? "card" : "CPU")}", TimeSpan.FromSeconds(60))
{
    public override bool NeedsCard => onCard;

    public override string? After => new ModelsCheck().Name;

    public override string? DeviceOf(string device) => onCard ? device : CheckContext.Processor;

    public override string? LeftOut(Sizes sizes) => sizes.OnCard.ContainsKey(model) ? null : $"left out by --sizes {sizes.Name}";

    public static string NameOf(CheckModel model) => model.ToString().ToLowerInvariant();

    public static string TitleOf(CheckModel model) => model switch
    {
        CheckModel.Demo => "demo model",
        CheckModel.Sd15 => "model of SD 1.5's size",
        _ => "model of SDXL's size",
    };

    /// <summary>Where the image lies that both devices generate.</summary>
    public static string ImagePath(string work, CheckModel model, bool onCard) => Path.Combine(work, $"image-{NameOf(model)}-{(onCard ? "card" : "cpu")}.rgb");

    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        string device = DeviceOf(context.Device)!;
        double? before = MemoryWatch.UsedMib(context.DeviceOf(device));
        await using TimedModel loaded = await TimedModel.LoadAsync(context, model, device);
        Dictionary<string, double> figures = new() { ["load_seconds"] = loaded.LoadSeconds };

        // What both devices generate, to be compared; on the card it prepares everything for the run that is timed.
        ImageRun both = context.Sizes.OnProcessor[model];
        TimedImage first = await loaded.GenerateAsync(both);
        await File.WriteAllBytesAsync(ImagePath(context.Work, model, onCard), first.Pixels);
        if (model == CheckModel.Demo)
            Save(first, Path.Combine(context.Out, $"demo-{(onCard ? "card" : "cpu")}.png"));
        figures["first_image_seconds"] = first.Seconds;
        ImageRun timed = onCard ? context.Sizes.OnCard[model] : both;
        TimedImage generated = timed == both ? first : await GenerateLargeAsync(loaded, timed, figures);
        Add(figures, timed, generated);
        if (loaded.Log.WeightsOnDevice is { } onDevice && loaded.Log.WeightsInRam is { } inRam)
            (figures["weights_on_device_mib"], figures["weights_in_ram_mib"]) = (onDevice, inRam);
        if (onCard && before is { } used)
            figures["peak_device_mib"] = generated.PeakMib - used;
        return new CheckAnswer(CheckOutcome.Judge(figures, ImageDifference.IsFlat(generated.Pixels) ? "the image is of one colour" : null));
    }

    // A large image may not be decoded at once everywhere: what a device allocates in one piece is limited.
    private static async Task<TimedImage> GenerateLargeAsync(TimedModel loaded, ImageRun timed, Dictionary<string, double> figures)
    {
        VaeTiling? tiling = null;
        try
        {
            await loaded.GenerateAsync(timed with { Steps = 1 });
        }
        catch (SdException exception)
        {
            await Console.Error.WriteLineAsync($"Not decoded at once: {exception.Message}");
            tiling = new VaeTiling();
            figures["decoded_in_tiles"] = 1;
            await loaded.GenerateAsync(timed with { Steps = 1 }, tiling);
        }

        return await loaded.GenerateAsync(timed, tiling);
    }

    private static void Add(Dictionary<string, double> figures, ImageRun timed, TimedImage generated)
    {
        figures["side_pixels"] = timed.Side;
        figures["steps"] = timed.Steps;
        figures["step_seconds"] = generated.StepSeconds;
        figures["decode_seconds"] = generated.DecodeSeconds;
        figures["image_seconds"] = generated.Seconds;
        if (generated.VaeBufferMib is { } buffer)
            figures["decoder_buffer_mib"] = buffer;
    }

    private static void Save(TimedImage generated, string path)
    {
        using var image = ImageBuffer.FromPixels(generated.Pixels, generated.Side, generated.Side);
        image.Save(path);
    }
}
