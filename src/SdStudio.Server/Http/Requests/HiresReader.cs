using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the fields of the second pass.</summary>
internal sealed class HiresReader(RequestFields fields, Lookups lookups, ParameterLimits limits)
{
    private const string Field = "hires_model";

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
            CfgScale = fields.Value<double>("hires_cfg_scale", limits), Model = NameOf(settings, model),
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
        : UpscalerReader.Find(fields, lookups.Catalogue, "hires_upscaler", Parameters.Resampler, LatentUpscalers.All).Name;

    // The second pass is this machine's too: its image never leaves it.
    private string? NameOf(GenerationSettings settings, ModelDefinition? model)
    {
        if (fields.Text(Field) is not { } name || name == settings.Model)
            return null;
        // Another server has models of its own.
        if (model?.Remote is not null)
            return name;
        string shown = RequestFields.Shown(name);
        ModelDefinition? second = lookups.Catalogue.Find(name);
        string? problem = second switch
        {
            null => $"there is no such model here. Available models: {string.Join(", ", lookups.Catalogue.Models.Where(known => known is { Remote: null, Unsupported: null }).Select(known => known.Id))}",
            { Remote: not null } => "it is another server's, and the second pass is made on this machine. Choose one of this machine's",
            { Unsupported: { } reason } => $"it cannot be used here: {reason}",
            { IsThere: false } => $"its files are not on this machine. Fetch it with POST /api/models/download {{\"modelId\": \"{second.Id}\"}}, or choose another",
            _ when lookups.Videos.Makes(second) => "it makes videos. Choose one that makes images",
            _ => null,
        };
        if (problem is not null)
            fields.Refuse(Field, $"{Field} is '{shown}'; {problem}");
        else if (settings.Control is { } control && lookups.ControlNets.Problem(second!, control.Net) is { } misfit)
            fields.Refuse(Field, $"{Field} is '{shown}', and the ControlNet is followed in both passes: {misfit}");
        else if (settings.Identity is { } identity && lookups.Identities.Problem(second!, identity.Model) is { } unlike)
            fields.Refuse(Field, $"{Field} is '{shown}', and the likeness is kept in both passes: {unlike}");
        return second?.Id;
    }

    // One side gives the other by the image's shape.
    private static ImageSize SizeOf(GenerationSettings settings, double? scale, long? width, long? height)
    {
        double by = scale ?? (width is { } wide ? wide / (double)settings.Width : height!.Value / (double)settings.Height);
        return new ImageSize((int)(width ?? Side(settings.Width * by)), (int)(height ?? Side(settings.Height * by)));

        static int Side(double side) => Math.Max(Parameters.MinSide, (int)Math.Round(side / Parameters.MinSide) * Parameters.MinSide);
    }
}
