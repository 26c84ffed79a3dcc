using System.Globalization;
using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.A1111;

/// <summary>What readers of <c>/sdapi</c> look things up in.</summary>
internal sealed record A1111Context(ClientModels Models, Lookups Lookups);

/// <summary>
/// A body of <c>txt2img</c> or <c>img2img</c> in the words of the REST API, which checks and generates it. Where Automatic1111 takes what
/// this server cannot do, it is left out and <see cref="Notes"/> says so: its clients know no refusal.
/// </summary>
internal sealed class A1111GenerationReader
{
    private readonly A1111Context _context;
    private readonly A1111Options _options;
    private readonly ParameterLimits _limits;
    private readonly RequestBody _body;
    private readonly RequestFields _fields;
    private readonly A1111Override _override;
    private readonly Dictionary<string, JsonElement> _out = new(StringComparer.Ordinal);
    private bool _isOnlyMasked;

    public A1111GenerationReader(RequestBody body, A1111Context context, A1111Options options, ParameterLimits limits)
    {
        (_body, _context, _options, _limits) = (body, context, options, limits);
        _fields = new RequestFields(body.Fields);
        _override = new A1111Override(_fields, body.Fields, Notes);
        SendImages = _fields.Flag("send_images") ?? true;
        TaskId = _fields.Text("force_task_id");
    }

    /// <summary>What was left out or changed, for people.</summary>
    public List<string> Notes { get; } = [];

    public bool SendImages { get; }

    public string? TaskId { get; }

    /// <summary>What a ControlNet follows; null for nothing, and for the input image.</summary>
    public byte[]? Followed { get; private set; }

    /// <summary>Whether what the net sees is sent behind the images.</summary>
    public bool IsMapWanted { get; private set; }

    /// <summary>Whom or what the result shall look like.</summary>
    public IReadOnlyList<byte[]> Identity => IdentityReader.ImagesOf(new RequestFields(_out));

    /// <summary>What the model is to look at besides the input image.</summary>
    public IReadOnlyList<byte[]> References { get; private set; } = [];

    /// <summary>The size that was asked for; null for that of the model or the input image.</summary>
    public ImageSize? Size { get; private set; }

    /// <summary>The size that the input image is brought to; null for its own.</summary>
    public ImageSize? InputSize => _isOnlyMasked || _out.ContainsKey("extend") ? null : Size;

    /// <summary>The job's fields in the words of the REST API.</summary>
    /// <exception cref="BadRequestException">Names the fields whose type is wrong.</exception>
    public RequestBody Translate(bool fromImage)
    {
        // The REST API's own names go through as they are; what Automatic1111 reads more leniently is read below.
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.A1111 is not null))
        {
            if (_body.Fields.TryGetValue(parameter.A1111!, out JsonElement value))
                _out[parameter.Name] = value;
        }

        ModelDefinition? model = FindModel();
        References = ReferencesFor(model);
        if (new A1111ControlNet(_context.Lookups.ControlNets, Notes).Read(_body.Fields, fromImage, model) is { } unit)
            (_out["control"], Followed, IsMapWanted) = (unit.Control, unit.Image, unit.IsMapWanted && !(_override.NoDetectedMap ?? _options.NoDetectedMap));
        if (new A1111Identity(_context.Lookups, Notes).Read(_body.Fields, model) is { } identity)
            _out[IdentityReader.Field] = identity;
        Put("model", model?.Id);
        if ((_override.Vae ?? _options.Vae) is { } vae && !IsDefaultName(vae) && model is { Remote: null })
            AddVae(vae);
        Put("prompt", WithKnownLoras("prompt") is { } prompt ? WithKnownPeople(prompt, model) : null);
        Put("negative_prompt", WithKnownLoras("negative_prompt"));
        AddSampling();
        AddSize(model, fromImage);
        long? hiresSteps = null;
        if (fromImage)
            AddInput();
        else if (_fields.Flag("enable_hr") == true)
            hiresSteps = AddHires(model);
        AddSchedule(model, hiresSteps);
        if (A1111DynamicPrompts.Read(_body.Fields) is var (isTemplate, combinations))
        {
            Put("template", isTemplate ? "true" : "false");
            Put("combinatorial", isTemplate && combinations ? "true" : null);
        }

        if (!fromImage && _body.Files.ContainsKey("mask"))
            Notes.Add("mask is left out: txt2img begins from no image, img2img takes both");
        A1111Ignored.Note(_body, Notes);
        _fields.ThrowIfRefused();
        _override.ThrowIfRefused();
        return _body.Translated(_out);
    }

    private ModelDefinition? FindModel()
    {
        if (_override.Checkpoint is { } checkpoint)
        {
            if (_context.Models.Find(checkpoint) is { } chosen && _context.Lookups.Catalogue.IsUsable(chosen))
                return chosen;
            Notes.Add($"override_settings: there is no model '{RequestFields.Shown(checkpoint)}' here: the chosen one is used");
        }

        return _fields.Text("model") is { } name ? _options.Require(name, "model") : _options.RequireChosen();
    }

    private void AddSampling()
    {
        Put("steps", (long?)Clamped("steps", "steps"));
        Put("cfg_scale", Clamped("cfg_scale", "cfg_scale"));
        Put("seed", _fields.Integer(long.MinValue, Parameters.MaxSeed, "seed") is { } seed and >= 0 ? seed : -1);
        string? clipSkip = _fields.Text("clip_skip") ?? _override.ClipLayers ?? _options.ClipLayers;
        // 1 is everybody's default there, and models that want another bring it along.
        if (clipSkip is not null && TextValues.TryNumber(clipSkip, out double layers) && layers > 1)
            Put("clip_skip", (long)Math.Min(layers, Parameters.Get("clip_skip").Range!(_limits).Max));
        double wanted = Math.Max(1, _fields.Number(double.MinValue, double.MaxValue, "batch_size") ?? 1) * Math.Max(1, _fields.Number(double.MinValue, double.MaxValue, "n_iter") ?? 1);
        if (wanted > _limits.MaxImages)
            Notes.Add(string.Create(CultureInfo.InvariantCulture, $"batch_size x n_iter is {wanted}: {_limits.MaxImages} images, the most of one request"));
        Put("n", (long)Math.Min(wanted, _limits.MaxImages));
    }

    private void AddSchedule(ModelDefinition? model, long? hiresSteps)
    {
        string? asked = _fields.Text("sampler_name") ?? _fields.Text("sampler_index");
        string? askedScheduler = _fields.Text("scheduler");
        (string? sampler, string? scheduler) = SamplerNames.Find(_limits.Samplers, _limits.Schedulers, asked, askedScheduler);
        if (sampler is null && !IsDefaultName(asked))
            Notes.Add($"sampler '{RequestFields.Shown(asked!)}' is not one of the engine's: the model's own is used");
        if (scheduler is null && !IsDefaultName(askedScheduler))
            Notes.Add($"scheduler '{RequestFields.Shown(askedScheduler!)}' is not one of the engine's: the model's own is used");
        long steps = Clamp("steps", _fields.Number(double.MinValue, double.MaxValue, "steps")) is { } given ? (long)given : model?.DefaultSteps ?? 1;
        Put("sampler", sampler);
        Put("scheduler", Fitting(scheduler, Math.Min(steps, hiresSteps ?? steps), model));
    }

    // A scheduler that the engine refuses for this request is replaced: one-step models meet clients that always send Karras.
    private string? Fitting(string? scheduler, long steps, ModelDefinition? model)
    {
        string? wanted = scheduler ?? (model?.DefaultScheduler is { } own ? SamplerNames.FindScheduler(_limits.Schedulers, own) : null);
        if (wanted is null || model is null || (SchedulerRules.Fits(wanted, steps) && (wanted != "ays" || SchedulerRules.HasAys(model, _context.Lookups.Files))))
            return scheduler;
        string fallback = _limits.Schedulers.Contains("simple") ? "simple" : _limits.Schedulers[0];
        Notes.Add($"scheduler '{wanted}' does not go with {(SchedulerRules.Fits(wanted, steps) ? "this model" : "1 step")}: '{fallback}' is used");
        return fallback;
    }

    private void AddInput()
    {
        Put("strength", Clamped("denoising_strength", "strength"));
        if (!_body.Files.ContainsKey("mask"))
            return;
        _isOnlyMasked = A1111Inpainting.IsOnlyMasked(_fields);
        foreach ((string name, string value) in A1111Inpainting.Of(_fields, _limits, Notes))
            Put(name, value);
    }

    private void AddVae(string vae)
    {
        if (_context.Lookups.Vaes.Find(vae) is not null)
            Put("vae", vae);
        else
            Notes.Add($"sd_vae: there is no file '{RequestFields.Shown(vae)}' here: the model's own is used");
    }

    private void AddSize(ModelDefinition? model, bool fromImage)
    {
        long? width = _fields.Integer(int.MinValue, int.MaxValue, "width") is > 0 and long wide ? wide : null;
        long? height = _fields.Integer(int.MinValue, int.MaxValue, "height") is > 0 and long high ? high : null;
        if (width is null && height is null && fromImage)
            return;
        ImageSize usual = model?.DefaultSize ?? ImageSize.Default;
        ImageSize size = LargestLike(width ?? usual.Width, height ?? usual.Height);
        if (width is not null && height is not null && (size.Width != width || size.Height != height))
            Notes.Add($"{width}x{height} is generated as {size}");
        Size = size;
        Put("size", size.ToString());
    }

    /// <returns>The steps of the second pass; null for those of the first.</returns>
    private long? AddHires(ModelDefinition? model)
    {
        string? upscaler = _fields.Text("hr_upscaler");
        if (upscaler is not null && _context.Lookups.Catalogue.FindUpscaler(upscaler) is { IsThere: true } known)
            Put("hires_upscaler", known.Name);
        else if (LatentUpscalers.Find(upscaler) is { } latent)
            AddLatent(latent);
        else if (!IsDefaultName(upscaler))
            Notes.Add($"hr_upscaler '{RequestFields.Shown(upscaler!)}' is not one of this server's: {Parameters.Resampler} is used");
        AddSecondModel(model);
        AddSecondSampling();
        ImageSize first = Size ?? model?.DefaultSize ?? ImageSize.Default;
        double scale = Clamped("hr_scale", "hires_scale") ?? 2;
        double width = Math.Max(0, _fields.Number(double.MinValue, double.MaxValue, "hr_resize_x") ?? 0);
        double height = Math.Max(0, _fields.Number(double.MinValue, double.MaxValue, "hr_resize_y") ?? 0);
        ImageSize second = LargestLike(
            width > 0 ? width : height > 0 ? first.Width * height / first.Height : first.Width * scale,
            height > 0 ? height : width > 0 ? first.Height * width / first.Width : first.Height * scale);
        Put("hires_width", (long)second.Width);
        Put("hires_height", (long)second.Height);
        long? steps = _fields.Integer(int.MinValue, int.MaxValue, "hr_second_pass_steps") is > 0 and long given ? Math.Min(given, _limits.MaxSteps) : null;
        Put("hires_steps", steps);
        Put("hires_strength", Clamped("denoising_strength", "strength"));
        return steps;
    }

    // The engine does both passes in one call then: what the second would have of its own is worth more.
    private void AddLatent(string upscaler)
    {
        string[] own = ["hr_prompt", "hr_negative_prompt", "hr_sampler_name", "hr_scheduler", "hr_cfg", "hr_checkpoint_name"];
        if (own.Any(name => _fields.Text(name) is { } text && !IsDefaultName(text)))
            Notes.Add($"hr_upscaler '{upscaler}' does not go with {string.Join(", ", own)}: {Parameters.Resampler} is used");
        else
            Put("hires_upscaler", upscaler);
    }

    // Another server has models of its own.
    private void AddSecondModel(ModelDefinition? first)
    {
        if (_fields.Text("hr_checkpoint_name") is not { } name || IsDefaultName(name))
            return;
        if (first?.Remote is not null)
            Put("hires_model", name);
        else if (_context.Models.Find(name) is { IsThere: true, Remote: null } model)
            Put("hires_model", model.Id);
        else
            Notes.Add($"hr_checkpoint_name: there is no model '{RequestFields.Shown(name)}' on this machine: that of the first pass is used");
    }

    private void AddSecondSampling()
    {
        string? asked = _fields.Text("hr_sampler_name"), askedScheduler = _fields.Text("hr_scheduler");
        (string? sampler, string? scheduler) = SamplerNames.Find(_limits.Samplers, _limits.Schedulers, asked, askedScheduler);
        if (sampler is null && !IsDefaultName(asked))
            Notes.Add($"hr_sampler_name '{RequestFields.Shown(asked!)}' is not one of the engine's: that of the first pass is used");
        Put("hires_sampler", sampler);
        Put("hires_scheduler", scheduler);
        if (_fields.Number(double.MinValue, double.MaxValue, "hr_cfg") is > 0)
            Put("hires_cfg_scale", Clamped("hr_cfg", "cfg_scale"));
    }

    // The largest image of that shape that may be generated.
    private ImageSize LargestLike(double width, double height)
    {
        double scale = Math.Min(1, Math.Min(_limits.MaxSide / Math.Max(width, height), Math.Sqrt(_limits.MaxPixels / (width * height))));
        return new ImageSize(Side(width), Side(height));

        int Side(double side) => Math.Clamp((int)Math.Floor(side * scale), Parameters.MinSide, _limits.MaxSide);
    }

    private string? WithKnownLoras(string name)
    {
        // What is too long is refused as a whole.
        if (_fields.Text(name) is not { } text || text.Length > _limits.MaxPromptBytes)
            return _fields.Text(name);
        int count = 0;
        return LoraTags.Rewrite(text, lora => ++count > LoraReader.MaxLoras ? Noted(null, $"more than {LoraReader.MaxLoras} LoRAs are named: the others are left out")
            : _context.Lookups.Loras.Find(lora.Name) is null ? Noted(null, $"There is no LoRA '{RequestFields.Shown(lora.Name)}': it is left out")
            : double.IsNaN(lora.Weight) ? Noted(lora with { Weight = 1 }, $"The weight of the LoRA '{RequestFields.Shown(lora.Name)}' is not a number: 1 is used")
            : lora);
    }

    private LoraSetting? Noted(LoraSetting? lora, string note)
    {
        if (!Notes.Contains(note))
            Notes.Add(note);
        return lora;
    }

    private string WithKnownPeople(string prompt, ModelDefinition? model) => PeopleTags.Without(prompt, name =>
    {
        // Whom images shall look like may be known by numbers alone, and by models that look at no images.
        bool isIdentity = _out.ContainsKey(IdentityReader.Field);
        string? problem = isIdentity && _context.Lookups.Identities.KindOf(name) == IdentityKind.Embedding ? null : _context.Lookups.People.Find(name) is null ? $"There is no person called '{RequestFields.Shown(name)}'"
            : !isIdentity && model is { IsEditModel: false } ? $"The model {model.Id} looks at no images, so <ref:{RequestFields.Shown(name)}> means nothing to it" : null;
        if (problem is not null)
            Notes.Add(problem + ": it is left out");
        return problem is not null;
    });

    private IReadOnlyList<byte[]> ReferencesFor(ModelDefinition? model)
    {
        IReadOnlyList<byte[]> sent = RequestImages.References(_body, _fields);
        if (sent.Count == 0 || model is { IsEditModel: true })
            return sent;
        Notes.Add($"The model {model?.Id} looks at no images: the {sent.Count} in extra_images are left out");
        return [];
    }

    // Automatic1111 takes any number; here it is taken to the nearest that is allowed.
    private double? Clamped(string field, string parameter)
    {
        if (_fields.Number(double.MinValue, double.MaxValue, field) is not { } value)
            return null;
        double clamped = Clamp(parameter, value)!.Value;
        if (clamped != value)
            Notes.Add(string.Create(CultureInfo.InvariantCulture, $"{field} is {value}: {clamped} is used"));
        return clamped;
    }

    private double? Clamp(string parameter, double? value)
    {
        (double min, double max) = Parameters.Get(parameter).Range!(_limits);
        return value is { } number ? Math.Clamp(number, min, max) : null;
    }

    /// <summary>Whether a name is one of those by which clients mean none.</summary>
    public static bool IsDefaultName(string? text) => TextValues.IsNoName(text);

    private void Put(string name, string? text)
    {
        _out.Remove(name);
        if (text is not null)
            _out[name] = JsonSerializer.SerializeToElement(text, ApiJson.Readable.String);
    }

    private void Put(string name, double? number) => Put(name, number?.ToString(CultureInfo.InvariantCulture));

    private void Put(string name, long? number) => Put(name, number?.ToString(CultureInfo.InvariantCulture));
}
