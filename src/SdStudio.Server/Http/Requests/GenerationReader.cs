using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads a request to draw: every field checked, every default filled in from the model.</summary>
internal sealed class GenerationReader(RequestFields fields, ModelCatalogue catalogue, SdEngine engine, LoraFolder loras, LimitOptions limits)
{
    // The engine's grid; smaller pictures have nothing in them.
    private const int MinSide = 8;

    // What the original studio draws a random seed from.
    private const long SeedCount = (1L << 32) - 1;

    // What every JSON reader keeps exactly: 2^53 - 1.
    private const long MaxSeed = (1L << 53) - 1;

    private const double MaxCfgScale = 100;
    private const int MaxClipSkip = 12;
    private const double DefaultStrength = 0.75;
    private const double MaxUpscaleFactor = 16;

    // What the document draws with when nobody names another.
    private const string DefaultUpscaler = "RealESRGAN 4x+";

    private const string Resampler = "Lanczos";
    private const double MaxHiresScale = 8;

    private static readonly string[] Qualities = ["auto", "low", "medium", "high", "hd", "standard"];
    private static readonly string[] Styles = ["vivid", "natural"];

    /// <param name="type">Generate, edit or variation.</param>
    /// <param name="input">The size of the picture it begins from; null for none.</param>
    /// <param name="needsPrompt">Whether it is wrong without words.</param>
    public GenerationSettings Draw(string type, ImageSize? input, bool needsPrompt)
    {
        string? prompt = needsPrompt ? fields.RequiredText("prompt", limits.MaxPromptBytes) : fields.BoundedText("prompt", limits.MaxPromptBytes);
        (string words, List<LoraSetting> tagged) = LoraTags.Take(prompt ?? "");
        ModelDefinition? model = FindModel(type == JobType.Generate ? null : catalogue.DefaultImageToImage);
        ImageSize size = ReadSize(model, input);
        HiresSetting? hires = input is null ? ReadHires(size) : null;
        if (hires is not null && model?.Remote is not null)
            fields.Refuse("hires_scale", $"The model {model.Id} is drawn by another server, in one pass; leave hires_scale, hires_width and hires_height away");
        long? seed = fields.Integer(-1, MaxSeed, "seed");
        bool tiling = fields.Flag("tiling") ?? false;
        bool? vaeTiling = fields.Flag("vae_tiling");
        if (tiling && vaeTiling == true)
            fields.Refuse("vae_tiling", "vae_tiling and tiling are both set; a picture whose edges fit each other cannot be decoded in tiles, leave one of them away");
        return new GenerationSettings
        {
            Type = type,
            Model = model?.Id ?? "",
            Prompt = words,
            NegativePrompt = fields.BoundedText("negative_prompt", limits.MaxPromptBytes),
            Width = hires?.Width ?? size.Width,
            Height = hires?.Height ?? size.Height,
            Hires = hires is null ? null : hires with { Width = size.Width, Height = size.Height },
            // -1 asks for a random one, as everywhere in the field.
            Seed = seed is null or -1 ? Random.Shared.NextInt64(SeedCount) : seed.Value,
            Count = (int)(fields.Integer(1, limits.MaxImages, "n") ?? 1),
            Quality = fields.OneOf(Qualities, "quality"),
            Style = fields.OneOf(Styles, "style"),
            Steps = (int)(fields.Integer(1, limits.MaxSteps, "steps", "sample_steps") ?? model?.DefaultSteps ?? 1),
            CfgScale = fields.Number(0, MaxCfgScale, "cfg_scale") ?? model?.DefaultCfgScale ?? 1,
            Sampler = fields.OneOf(engine.Samplers, "sampler", "sampling_method") ?? model?.DefaultSampler,
            Scheduler = fields.OneOf(engine.Schedulers, "scheduler") ?? model?.DefaultScheduler,
            // -1 is the original studio's word for the model's own.
            ClipSkip = (int)Math.Max(0, fields.Integer(-1, MaxClipSkip, "clip_skip") ?? model?.Defaults.ClipSkip ?? 0),
            Strength = input is null ? null : fields.Number(0, 1, "strength") ?? DefaultStrength,
            Eta = fields.Number(0, 10, "eta") ?? model?.Defaults.Eta,
            FlowShift = fields.Number(0, 100, "flow_shift") ?? model?.Defaults.FlowShift,
            Guidance = fields.Number(0, 100, "guidance") ?? model?.Defaults.Guidance,
            VaeTiling = vaeTiling ?? (model?.Defaults.VaeTiling == true && !tiling),
            Tiling = tiling,
            Loras = ReadLoras(tagged),
        };
    }

    /// <summary>The second pass: null without; its size is that of the result.</summary>
    private HiresSetting? ReadHires(ImageSize size)
    {
        double? scale = fields.Number(1, MaxHiresScale, "hires_scale");
        long? width = fields.Integer(MinSide, limits.MaxSide, "hires_width");
        long? height = fields.Integer(MinSide, limits.MaxSide, "hires_height");
        var steps = (int)(fields.Integer(1, limits.MaxSteps, "hires_steps") ?? 0);
        double strength = fields.Number(0, 1, "hires_strength") ?? DefaultStrength;
        if (scale is null && width is null && height is null)
            return null;
        // One side gives the other by the picture's shape.
        double by = scale ?? (width is { } wide ? wide / (double)size.Width : height!.Value / (double)size.Height);
        var result = new ImageSize((int)(width ?? Side(size.Width * by)), (int)(height ?? Side(size.Height * by)));
        if (result.Width > limits.MaxSide || result.Height > limits.MaxSide || (long)result.Width * result.Height > limits.MaxPixels)
            fields.Refuse("hires_scale", $"The second pass would have {result} pixels; allowed are at most {limits.MaxSide} a side and {limits.MaxPixels} together");
        UpscalerDefinition upscaler = FindUpscaler("hires_upscaler", Resampler);
        return new HiresSetting(result.Width, result.Height, upscaler.Name, steps, strength);

        static int Side(double side) => Math.Max(MinSide, (int)Math.Round(side / MinSide) * MinSide);
    }

    /// <param name="input">The size of the picture to enlarge.</param>
    public GenerationSettings Upscale(ImageSize input)
    {
        UpscalerDefinition upscaler = FindUpscaler("upscaler", DefaultUpscaler);
        var mode = (int)(fields.Integer(0, 1, "resize_mode") ?? 0);
        double factor = fields.Number(0.1, MaxUpscaleFactor, "upscale_factor") ?? 2;
        long? width = fields.Integer(1, ImageBuffer.MaxSide, "target_width");
        long? height = fields.Integer(1, ImageBuffer.MaxSide, "target_height");
        if (mode == 1 && (width is null || height is null))
            fields.Refuse("resize_mode", "resize_mode is 1 (to size), so target_width and target_height are required");
        ImageSize size = mode == 1
            ? new ImageSize((int)(width ?? 1), (int)(height ?? 1))
            : new ImageSize(Math.Max(1, (int)Math.Round(input.Width * factor)), Math.Max(1, (int)Math.Round(input.Height * factor)));
        if (size.Width > ImageBuffer.MaxSide || size.Height > ImageBuffer.MaxSide || (long)size.Width * size.Height > ImageBuffer.MaxPixels)
            fields.Refuse("upscale_factor", $"The result would have {size} pixels; allowed are at most {ImageBuffer.MaxSide} a side and {ImageBuffer.MaxPixels} together");
        return new GenerationSettings
        {
            Type = JobType.Upscale, Model = "none", Width = size.Width, Height = size.Height, Upscaler = upscaler.Name, ResizeMode = mode,
            UpscaleFactor = mode == 0 ? factor : null,
        };
    }

    private UpscalerDefinition FindUpscaler(string field, string usual)
    {
        string? name = fields.Text(field);
        UpscalerDefinition? named = catalogue.FindUpscaler(name ?? usual);
        // The document's default is not on every machine; what was asked for by another name is not replaced in silence.
        if (named is not { IsThere: true } && (name is null || name.Equals(usual, StringComparison.OrdinalIgnoreCase)))
            return catalogue.Upscalers.First(upscaler => upscaler.IsThere);
        if (named is null)
            fields.Refuse(field, $"{field} is '{RequestFields.Shown(name!)}'; allowed is one of: {string.Join(", ", catalogue.Upscalers.Select(upscaler => upscaler.Name))}");
        else if (!named.IsThere)
            fields.Refuse(field, $"{field} '{named.Name}' has no file: {named.File!.Written} is missing");
        return named ?? catalogue.Upscalers[^1];
    }

    private ModelDefinition? FindModel(ModelDefinition? fallback)
    {
        if (fallback is not null && fields.Text("model") is null)
            return fallback;
        if (fields.RequiredText("model", limits.MaxPromptBytes) is not { } id)
            return null;
        ModelDefinition? model = catalogue.Find(id);
        if (model is null)
        {
            string shown = RequestFields.Shown(id);
            string available = string.Join(", ", catalogue.Models.Select(known => known.Id));
            fields.Refuse("model", $"Invalid model: {shown}", $"Model '{shown}' not found in configuration. Available models: {available}");
        }
        else if (model.Unsupported is { } reason)
        {
            fields.Refuse("model", $"Model '{model.Id}' cannot draw here: {reason}");
        }

        return model;
    }

    private ImageSize ReadSize(ModelDefinition? model, ImageSize? input)
    {
        ImageSize usual = model?.DefaultSize ?? ImageSize.Default;
        if (fields.Text("size") is not { } text || text == "auto")
            return input is { } given ? Like(given, usual) : usual;
        bool allowed = ImageSize.TryParse(text, out ImageSize size)
            && size.Width >= MinSide && size.Width <= limits.MaxSide && size.Height >= MinSide && size.Height <= limits.MaxSide
            && (long)size.Width * size.Height <= limits.MaxPixels;
        if (!allowed)
        {
            fields.Refuse(
                "size", $"size is '{RequestFields.Shown(text)}'; allowed is WIDTHxHEIGHT, e.g. 512x768, each {MinSide} to {limits.MaxSide} and together at most {limits.MaxPixels} pixels");
        }

        return size;
    }

    // A picture keeps its shape; one that is larger than the model draws well is drawn as large as the model's own.
    private static ImageSize Like(ImageSize input, ImageSize usual)
    {
        double scale = Math.Min(1, Math.Sqrt((double)usual.Width * usual.Height / ((double)input.Width * input.Height)));
        return new ImageSize(Side(input.Width), Side(input.Height));

        int Side(int side) => Math.Max(MinSide, (int)Math.Round(side * scale / MinSide) * MinSide);
    }

    private List<LoraSetting>? ReadLoras(List<LoraSetting> tagged)
    {
        foreach (LoraSetting unknown in tagged.Where(lora => loras.Find(lora.Name) is null))
            fields.Refuse("prompt", $"prompt: there is no LoRA '{RequestFields.Shown(unknown.Name)}'; allowed is one of: {string.Join(", ", loras.Names)}");
        List<LoraSetting> all = [.. tagged, .. fields.List("loras").Select(ReadLora).OfType<LoraSetting>()];
        return all.Count == 0 ? null : all;
    }

    private LoraSetting? ReadLora(JsonElement item)
    {
        string? name = item.ValueKind == JsonValueKind.String ? item.GetString()
            : item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out JsonElement named) ? named.ToString() : null;
        double weight = 1;
        if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("weight", out JsonElement given)
            && (given.ValueKind != JsonValueKind.Number || !given.TryGetDouble(out weight) || Math.Abs(weight) > 100))
        {
            fields.Refuse("loras", $"loras: weight is {RequestFields.Shown(given.ToString())}; allowed is a number from -100 to 100");
            return null;
        }

        if (name is not null && loras.Find(name) is not null)
            return new LoraSetting(name, weight);
        fields.Refuse("loras", name is null
            ? "loras: each is {\"name\": \"…\", \"weight\": 1}"
            : $"loras: there is no '{RequestFields.Shown(name)}'; allowed is one of: {string.Join(", ", loras.Names)}");
        return null;
    }
}
