using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>Decodes an image at once and in tiles: tiles need less memory.</summary>
internal sealed class TilingCheck() : Check("tiling", "decode at once and in tiles", TimeSpan.FromSeconds(60))
{
    public override string? After => new ModelsCheck().Name;

    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        var drawing = new Drawing(context.Sizes.TilingSide, 1);
        double used = MemoryWatch.UsedMib(context.DeviceOf(context.Device)) ?? 0;
        await using TimedModel loaded = await TimedModel.LoadAsync(context, context.Sizes.MemoryModel, context.Device);
        // Tiles first: what an allocator keeps of the larger buffer would hide the smaller one.
        Drawn inTiles = await loaded.DrawAsync(drawing, new VaeTiling { TileWidth = context.Sizes.TilingSide / 32, TileHeight = context.Sizes.TilingSide / 32 });
        Drawn atOnce = await loaded.DrawAsync(drawing);
        Dictionary<string, double> figures = new()
        {
            ["side_pixels"] = drawing.Side,
            ["at_once_decode_seconds"] = atOnce.DecodeSeconds,
            ["tiles_decode_seconds"] = inTiles.DecodeSeconds,
            ["at_once_peak_mib"] = atOnce.PeakMib - used,
            ["tiles_peak_mib"] = inTiles.PeakMib - used,
        };
        if (atOnce.VaeBufferMib is { } large && inTiles.VaeBufferMib is { } small)
            (figures["at_once_buffer_mib"], figures["tiles_buffer_mib"]) = (large, small);
        return new CheckAnswer(CheckOutcome.Judge(
            figures,
            atOnce.VaeBufferMib is null || inTiles.VaeBufferMib is null ? "the engine told no size of the decoder's buffer" : null,
            inTiles.VaeBufferMib > atOnce.VaeBufferMib / 2 ? "tiles need more than half of the memory that decoding at once needs" : null,
            ImageDifference.IsFlat(inTiles.Pixels) ? "the image in tiles is of one colour" : null));
    }
}
