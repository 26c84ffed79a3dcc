using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the settings of a job: every field checked, every default filled in from the model.</summary>
internal sealed class GenerationReader(RequestFields fields, KnownFiles known, ParameterLimits limits, string owner)
{
    private readonly ModelCatalogue _catalogue = known.Catalogue;

    /// <param name="type">Generate, edit or variation.</param>
    /// <param name="input">The size of the input image; null for none.</param>
    /// <param name="needsPrompt">Whether it is wrong without words.</param>
    public GenerationSettings Generate(string type, ImageSize? input, bool needsPrompt)
    {
        string? prompt = needsPrompt ? fields.RequiredText("prompt", limits.MaxPromptBytes) : fields.BoundedText("prompt", limits.MaxPromptBytes);
        ModelDefinition? model = FindModel(type == JobType.Generate ? null : _catalogue.DefaultImageToImage);
        ImageSize size = ReadSize(model, input);
        GenerationSettings settings = ReadRows(type, model?.Defaults);
        (string styled, string? negative) = known.Prompts.WithStyles(fields, prompt ?? "", settings.NegativePrompt);
        bool isTemplate = settings.IsTemplate ?? known.Prompts.IsUsualFor(owner);
        // Tags in a template are read when it is expanded.
        (string words, List<LoraSetting> tagged) = isTemplate ? (styled, []) : LoraTags.Take(styled);
        settings = settings with
        {
            Model = model?.Id ?? "", Prompt = words, NegativePrompt = negative, Width = size.Width, Height = size.Height, IsTemplate = null,
            Loras = new LoraReader(fields, known.Loras).Read(tagged),
        };
        if (isTemplate)
            settings = Expanded(settings, model);
        if (input is null)
            settings = new HiresReader(fields, _catalogue, limits).Read(settings, model);
        if (settings.Tiling && fields.IsGiven("vae_tiling") && settings.VaeTiling)
            fields.Refuse("vae_tiling", "vae_tiling and tiling are both set; an image whose edges fit each other cannot be decoded in tiles, leave one of them out");
        SchedulerRules.Check(fields, settings, model, known.Models);
        return settings with { VaeTiling = settings.VaeTiling && !settings.Tiling };
    }

    private GenerationSettings Expanded(GenerationSettings settings, ModelDefinition? model)
    {
        bool combinations = fields.Value<bool>("combinatorial", limits) ?? false;
        if (combinations && !fields.IsGiven("n"))
            settings = settings with { Count = limits.MaxImages };
        settings = known.Prompts.Expanded(fields, settings, combinations, limits);
        if (settings.Variants is not null && model?.Remote is not null)
            fields.Refuse("template", $"template: the model {model.Id} is on another server, which takes one prompt for all images; set n to 1");
        return settings;
    }

    /// <param name="input">The size of the image to upscale.</param>
    public GenerationSettings Upscale(ImageSize input)
    {
        UpscalerDefinition upscaler = UpscalerReader.Find(fields, _catalogue, "upscaler", Parameters.DefaultUpscaler);
        long mode = fields.Value<long>("resize_mode", limits) ?? 0;
        double factor = fields.Value<double>("upscale_factor", limits) ?? 2;
        long? width = fields.Value<long>("target_width", limits);
        long? height = fields.Value<long>("target_height", limits);
        if (mode == 1 && (width is null || height is null))
            fields.Refuse("resize_mode", "resize_mode is 1 (to size), so target_width and target_height are required");
        ImageSize size = mode == 1
            ? new ImageSize((int)(width ?? 1), (int)(height ?? 1))
            : new ImageSize(Math.Max(1, (int)Math.Round(input.Width * factor)), Math.Max(1, (int)Math.Round(input.Height * factor)));
        UpscalerReader.CheckSize(fields, size);
        UpscalerReader.CheckFirstPass(fields, upscaler, input, size);
        return new GenerationSettings
        {
            Type = JobType.Upscale, Model = "none", Width = size.Width, Height = size.Height, Upscaler = upscaler.Name, ResizeMode = (int)mode,
            UpscaleFactor = mode == 0 ? factor : null, Infotext = fields.Value<bool>("write_infotext", limits),
        };
    }

    // The request's value, else the model's, else that of the row.
    private GenerationSettings ReadRows(string type, GenerationDefaults? defaults)
    {
        var settings = new GenerationSettings { Type = type, Model = "", Width = 0, Height = 0 };
        foreach (Parameter parameter in Parameters.Of(type))
        {
            if (parameter.Set is { } set && (fields.Value(parameter, limits) ?? DefaultOf(parameter, defaults)) is { } value)
                settings = set(settings, value);
        }

        return settings;
    }

    // What models.yml names need not be one of this engine's.
    private object? DefaultOf(Parameter parameter, GenerationDefaults? defaults)
    {
        if (defaults?[parameter.Name] is not { } own)
            return parameter.Default;
        if (parameter.Choices is null)
            return own;
        if (parameter.TryRead((string)own, limits, out object? known))
            return known;
        fields.Refuse(parameter.Name, $"The model's own {parameter.Problem(parameter.Name, (string)own, limits)}. Name one, or change models.yml");
        return null;
    }

    private ModelDefinition? FindModel(ModelDefinition? fallback)
    {
        if (fallback is not null && fields.Text("model") is null)
            return fallback;
        if (fields.RequiredText("model", limits.MaxPromptBytes) is not { } id)
            return null;
        ModelDefinition? model = _catalogue.Find(id);
        if (model is null)
        {
            string shown = RequestFields.Shown(id);
            string available = string.Join(", ", _catalogue.Models.Select(known => known.Id));
            fields.Refuse("model", $"Invalid model: {shown}", $"Model '{shown}' not found in configuration. Available models: {available}");
        }
        else if (model.Unsupported is { } reason)
        {
            fields.Refuse("model", $"Model '{model.Id}' cannot be used here: {reason}");
        }

        return model;
    }

    private ImageSize ReadSize(ModelDefinition? model, ImageSize? input)
    {
        ImageSize usual = model?.DefaultSize ?? ImageSize.Default;
        if (fields.Text("size") is not { } text || text.Equals("auto", StringComparison.OrdinalIgnoreCase))
            return input is { } given ? Like(given, usual) : usual;
        bool allowed = ImageSize.TryParse(text, out ImageSize size)
            && size.Width >= Parameters.MinSide && size.Width <= limits.MaxSide && size.Height >= Parameters.MinSide && size.Height <= limits.MaxSide
            && (long)size.Width * size.Height <= limits.MaxPixels;
        if (!allowed)
        {
            fields.Refuse(
                "size",
                $"size is '{RequestFields.Shown(text)}'; allowed is WIDTHxHEIGHT, e.g. 512x768, each side {Parameters.MinSide} to {limits.MaxSide} and together at most {limits.MaxPixels} pixels");
        }

        return size;
    }

    // An image keeps its shape; one that is larger than the model generates well becomes as large as the model's own.
    private static ImageSize Like(ImageSize input, ImageSize usual)
    {
        double scale = Math.Min(1, Math.Sqrt((double)usual.Width * usual.Height / ((double)input.Width * input.Height)));
        return new ImageSize(Side(input.Width), Side(input.Height));

        int Side(int side) => Math.Max(Parameters.MinSide, (int)Math.Round(side * scale / Parameters.MinSide) * Parameters.MinSide);
    }
}
