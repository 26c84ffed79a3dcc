using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the settings of a job: every field checked, every default filled in from the model.</summary>
internal sealed class GenerationReader(RequestFields fields, Lookups lookups, ParameterLimits limits, string owner)
{
    private readonly ModelCatalogue _catalogue = lookups.Catalogue;

    /// <param name="type">Generate, edit, variation or video.</param>
    /// <param name="sent">The images that came with it.</param>
    /// <param name="needsPrompt">Whether it is wrong without words.</param>
    public GenerationSettings Generate(string type, SentImages sent, bool needsPrompt)
    {
        (ImageSize? input, bool hasMask) = (sent.Input, sent.HasMask);
        string? prompt = needsPrompt ? fields.RequiredText("prompt", limits.MaxPromptBytes) : fields.BoundedText("prompt", limits.MaxPromptBytes);
        ModelDefinition? model = FindModel(type is JobType.Generate or JobType.Video ? null : _catalogue.DefaultImageToImage);
        GenerationSettings settings = ReadRows(type, model?.Defaults);
        (string styled, string? negative) = lookups.Prompts.WithStyles(fields, prompt ?? "", settings.NegativePrompt);
        bool isTemplate = settings.IsTemplate ?? lookups.Prompts.IsUsualFor(owner);
        // All images of a job look at the same people. Other tags in a template are read when it is expanded.
        (string words, IReadOnlyList<string> named) = PeopleTags.Take(styled);
        (words, List<LoraSetting> tagged) = isTemplate ? (words, []) : LoraTags.Take(words);
        if (input is null || (!hasMask && settings.Inpaint?.Extend is null))
            settings = settings with { Inpaint = null };
        ImageSize size = ReadSize(model, input, settings.Inpaint);
        settings = WithSpeed(settings, model);
        List<string> notes = hasMask && type == JobType.Edit && model is { IsEditModel: true, Remote: null }
            ? [$"The model {model.Id} looks at the whole image and knows no masks: it changes what it likes, and only what the mask shows is kept of that"] : [];
        IdentitySetting? identity = type == JobType.Video ? null : new IdentityReader(fields, lookups).Read(sent.Identity, named, model, notes);
        // Who is meant by a tag is who the images look like, for models that look at none.
        if (identity?.Person is not null && model is { IsEditModel: false })
            named = [];
        settings = settings with
        {
            Identity = identity,
            Control = type == JobType.Video ? null : new ControlReader(fields, lookups).Read(sent.HasControl || input is not null, model, notes),
            Notes = notes.Count > 0 ? notes : null,
            Model = model?.Id ?? "", Prompt = words, NegativePrompt = negative, Width = size.Width, Height = size.Height, IsTemplate = null,
            Loras = new LoraReader(fields, lookups.Loras).Read(tagged),
            People = new PeopleReader(fields, lookups.People).Read(named, sent.References + (type == JobType.Edit ? 1 : 0), model),
        };
        if (isTemplate)
            settings = Expanded(settings);
        if (model is { Remote: null, Options.HighNoiseDiffusionModelPath: null } && settings.Loras?.FirstOrDefault(lora => lora.HighNoise) is { } half)
            fields.Refuse("loras", $"loras: {RequestFields.Shown(half.Name)} is for the high-noise model of a pair, and {model.Id} is a single model; leave high_noise out");
        if (type == JobType.Video)
            new VideoReader(fields, lookups, limits).Check(settings, model, sent);
        else if (input is null)
            settings = new HiresReader(fields, lookups, limits).Read(settings, model);
        if (settings.Tiling && fields.IsGiven("vae_tiling") && settings.VaeTiling)
            fields.Refuse("vae_tiling", "vae_tiling and tiling are both set; an image whose edges fit each other cannot be decoded in tiles, leave one of them out");
        if (settings.Vae is { } vae && model is { Remote: null } && lookups.Vaes.Find(vae) is null)
            fields.Refuse("vae", $"vae is '{RequestFields.Shown(vae)}'; {(lookups.Vaes.Names.Any() ? $"allowed is one of: {string.Join(", ", lookups.Vaes.Names)}" : "there is no such file")}");
        SchedulerRules.Check(fields, settings, model, settings.Hires?.Model is { } second ? _catalogue.Find(second) : null, lookups.Files);
        return settings with { VaeTiling = settings.VaeTiling && !settings.Tiling };
    }

    private GenerationSettings Expanded(GenerationSettings settings)
    {
        bool combinations = fields.Value<bool>("combinatorial", limits) ?? false;
        if (combinations && !fields.IsGiven("n"))
            settings = settings with { Count = limits.MaxImages };
        return lookups.Prompts.Expanded(fields, settings, combinations, limits);
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

    // A quality means what the model's entry says, unless the request says how fast by itself.
    private GenerationSettings WithSpeed(GenerationSettings settings, ModelDefinition? model)
    {
        if (model is null)
            return settings;
        if (!fields.IsGiven("speed") && settings.Quality is { } quality && model.SpeedOfQuality.TryGetValue(quality, out string? speed))
            settings = settings with { Speed = speed == Speed.Exact ? null : speed };
        return model.Remote is null && settings.Speed is not null ? settings with { StepCache = StepCaches.Of(model, lookups.ControlNets.FamilyOf(model), settings.Speed) } : settings;
    }

    private ModelDefinition? FindModel(ModelDefinition? fallback)
    {
        if (fallback is not null && fields.Text("model") is null)
            return fallback;
        if (fields.RequiredText("model", limits.MaxPromptBytes) is not { } id)
            return null;
        ModelDefinition? model = _catalogue.FindAnywhere(id);
        if (model is null)
        {
            string shown = RequestFields.Shown(id);
            string available = string.Join(", ", _catalogue.ModelsAnywhere.Select(known => known.Id));
            fields.Refuse("model", $"Invalid model: {shown}", $"Model '{shown}' not found in configuration. Available models: {available}");
        }
        else if (model.Unsupported is { } reason)
        {
            fields.Refuse("model", $"Model '{model.Id}' cannot be used here: {reason}");
        }

        return model;
    }

    private ImageSize ReadSize(ModelDefinition? model, ImageSize? input, InpaintSetting? inpaint)
    {
        ImageSize usual = model?.DefaultSize ?? ImageSize.Default;
        if (fields.Text("size") is not { } text || text.Equals("auto", StringComparison.OrdinalIgnoreCase))
            return input is not { } given ? usual : inpaint?.Extend is { } sides ? Extended(sides, given) : inpaint is { OnlyMasked: true } ? usual : Like(given, usual);
        if (!ImageSize.TryParse(text, out ImageSize size) || !IsAllowed(size))
        {
            fields.Refuse(
                "size",
                $"size is '{RequestFields.Shown(text)}'; allowed is WIDTHxHEIGHT, e.g. 512x768, each side {Parameters.MinSide} to {limits.MaxSide} and together at most {limits.MaxPixels} pixels");
        }

        return size;
    }

    private bool IsAllowed(ImageSize size) =>
        size.Width >= Parameters.MinSide && size.Width <= limits.MaxSide && size.Height >= Parameters.MinSide && size.Height <= limits.MaxSide
        && (long)size.Width * size.Height <= limits.MaxPixels;

    // Whoever extends an image wants it back as it is.
    private ImageSize Extended(Sides sides, ImageSize input)
    {
        ImageSize size = sides.Around(input);
        if (!IsAllowed(size))
        {
            fields.Refuse(
                "extend",
                $"extend makes the image of {input} pixels {size}; allowed are {Parameters.MinSide} to {limits.MaxSide} a side and together at most {limits.MaxPixels}. Extend it less, or name a size that the whole is scaled to");
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

/// <summary>The images that came with a request.</summary>
/// <param name="Input">The size of the input image; null for none.</param>
/// <param name="HasMask">Whether a mask came with it.</param>
/// <param name="HasControl">Whether an image came for a ControlNet.</param>
/// <param name="References">How many came for the model to look at.</param>
/// <param name="Identity">How many came for the result to look like.</param>
internal readonly record struct SentImages(ImageSize? Input, bool HasMask, bool HasControl, int References, int Identity)
{
    /// <summary>Whether an image came for a video to end with.</summary>
    public bool HasEnd { get; init; }

    /// <summary>How many came for a video's frames to follow.</summary>
    public int Frames { get; init; }

    public static SentImages Of(RequestInputs? inputs) => new(
        inputs?.Image is { } image ? new ImageSize(image.Width, image.Height) : null, inputs?.Mask is not null, inputs?.Control is not null, inputs?.References.Count ?? 0, inputs?.Identity.Count ?? 0)
    {
        HasEnd = inputs?.End is not null, Frames = inputs?.Frames.Count ?? 0,
    };
}
