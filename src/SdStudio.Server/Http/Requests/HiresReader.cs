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
        var own = new HiresSetting(0, 0, "", steps, strength)
        {
            Prompt = (string?)fields.Value(Parameters.Get("hires_prompt"), limits) is { } prompt ? LoraTags.Take(prompt).Prompt : null,
            NegativePrompt = (string?)fields.Value(Parameters.Get("hires_negative_prompt"), limits),
            Sampler = (string?)fields.Value(Parameters.Get("hires_sampler"), limits),
            Scheduler = (string?)fields.Value(Parameters.Get("hires_scheduler"), limits),
            CfgScale = fields.Value<double>("hires_cfg_scale", limits),
        };
        if (scale is null && width is null && height is null)
            return settings;
        ImageSize result = SizeOf(settings, scale, width, height);
        if (result.Width > limits.MaxSide || result.Height > limits.MaxSide || (long)result.Width * result.Height > limits.MaxPixels)
            fields.Refuse("hires_scale", $"The second pass would have {result} pixels; allowed are at most {limits.MaxSide} a side and {limits.MaxPixels} together");
        string upscaler = LatentUpscalers.Find(fields.Text("hires_upscaler")) ?? UpscalerOf(model);
        HiresSetting hires = own with { Width = settings.Width, Height = settings.Height, Upscaler = upscaler };
        if (hires is { IsLatent: true, HasOwn: true })
            fields.Refuse("hires_upscaler", $"hires_upscaler {upscaler} upscales inside the engine, in one call with the first pass: leave out what the second pass has of its own, or choose {Parameters.Resampler}");
        if (hires.IsLatent && (result.Width < settings.Width || result.Height < settings.Height))
            fields.Refuse("hires_upscaler", $"hires_upscaler {upscaler} cannot make an image smaller: the result would have {result}, and the first pass has {new ImageSize(settings.Width, settings.Height)}");
        return settings with { Width = result.Width, Height = result.Height, Hires = hires };
    }

    // Another server has upscalers of its own.
    private string UpscalerOf(ModelDefinition? model) => model?.Remote is not null
        ? fields.Text("hires_upscaler") ?? Parameters.Resampler
        : UpscalerReader.Find(fields, catalogue, "hires_upscaler", Parameters.Resampler).Name;

    // One side gives the other by the image's shape.
    private static ImageSize SizeOf(GenerationSettings settings, double? scale, long? width, long? height)
    {
        double by = scale ?? (width is { } wide ? wide / (double)settings.Width : height!.Value / (double)settings.Height);
        return new ImageSize((int)(width ?? Side(settings.Width * by)), (int)(height ?? Side(settings.Height * by)));

        static int Side(double side) => Math.Max(Parameters.MinSide, (int)Math.Round(side / Parameters.MinSide) * Parameters.MinSide);
    }
}
