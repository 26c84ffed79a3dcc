using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>Decodes an image at once and in tiles: tiles need less memory.</summary>
internal sealed class TilingCheck() : Check("tiling", "decode at once and in tiles", TimeSpan.FromSeconds(60))
{
    public override string? After => new ModelsCheck().Name;

    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        var run = new ImageRun(context.Sizes.TilingSide, 1);
        double used = MemoryWatch.UsedMib(context.DeviceOf(context.Device)) ?? 0;
        await using TimedModel loaded = await TimedModel.LoadAsync(context, context.Sizes.MemoryModel, context.Device);
        // Tiles first: what an allocator keeps of the larger buffer would hide the smaller one.
        TimedImage inTiles = await loaded.GenerateAsync(run, new VaeTiling { TileWidth = run.Side / 16, TileHeight = run.Side / 16 });
        Dictionary<string, double> figures = new()
        {
            ["side_pixels"] = run.Side, ["tiles_decode_seconds"] = inTiles.DecodeSeconds, ["tiles_peak_mib"] = inTiles.PeakMib - used,
        };
        if (inTiles.VaeBufferMib is { } small)
            figures["tiles_buffer_mib"] = small;
        string? flat = ImageDifference.IsFlat(inTiles.Pixels) ? "the image in tiles is of one colour" : null;
        try
        {
            TimedImage atOnce = await loaded.GenerateAsync(run);
            (figures["at_once_decode_seconds"], figures["at_once_peak_mib"]) = (atOnce.DecodeSeconds, atOnce.PeakMib - used);
            if (atOnce.VaeBufferMib is { } large)
                figures["at_once_buffer_mib"] = large;
            return new CheckAnswer(CheckOutcome.Judge(
                figures, flat,
                atOnce.VaeBufferMib is null || inTiles.VaeBufferMib is null ? "the engine told no size of the decoder's buffer" : null,
                inTiles.VaeBufferMib > atOnce.VaeBufferMib / 2 ? "tiles need more than half of the memory that decoding at once needs" : null));
        }
        catch (SdException exception)
        {
            // Then tiles do what they are for: they generate what does not fit otherwise.
            await Console.Error.WriteLineAsync($"Not decoded at once: {exception.Message}");
            figures["at_once_failed"] = 1;
            return new CheckAnswer(CheckOutcome.Judge(figures, flat));
        }
    }
}
