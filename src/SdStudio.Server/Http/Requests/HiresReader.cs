using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the fields of the second pass.</summary>
internal sealed class HiresReader(RequestFields fields, ModelCatalogue catalogue, ParameterLimits limits)
{
    /// <param name="settings">Of one pass; their size is that of the first.</param>
    /// <param name="model">That generates; null when it is unknown.</param>
    public GenerationSettings Read(GenerationSettings settings, ModelDefinition? model)
    {
        double? scale = fields.Value<double>("hires_scale", limits);
        long? width = fields.Value<long>("hires_width", limits);
        long? height = fields.Value<long>("hires_height", limits);
        var steps = (int)(fields.Value<long>("hires_steps", limits) ?? 0);
        double strength = fields.Value<double>("hires_strength", limits) ?? Parameters.DefaultStrength;
        if (scale is null && width is null && height is null)
            return settings;
        if (model?.Remote is not null)
            fields.Refuse("hires_scale", $"The model {model.Id} belongs to another server, which generates in one pass; leave hires_scale, hires_width and hires_height out");
        ImageSize result = SizeOf(settings, scale, width, height);
        if (result.Width > limits.MaxSide || result.Height > limits.MaxSide || (long)result.Width * result.Height > limits.MaxPixels)
            fields.Refuse("hires_scale", $"The second pass would have {result} pixels; allowed are at most {limits.MaxSide} a side and {limits.MaxPixels} together");
        UpscalerDefinition upscaler = UpscalerReader.Find(fields, catalogue, "hires_upscaler", Parameters.Resampler);
        return settings with
        {
            Width = result.Width, Height = result.Height, Hires = new HiresSetting(settings.Width, settings.Height, upscaler.Name, steps, strength),
        };
    }

    // One side gives the other by the image's shape.
    private static ImageSize SizeOf(GenerationSettings settings, double? scale, long? width, long? height)
    {
        double by = scale ?? (width is { } wide ? wide / (double)settings.Width : height!.Value / (double)settings.Height);
        return new ImageSize((int)(width ?? Side(settings.Width * by)), (int)(height ?? Side(settings.Height * by)));

        static int Side(double side) => Math.Max(Parameters.MinSide, (int)Math.Round(side / Parameters.MinSide) * Parameters.MinSide);
    }
}
