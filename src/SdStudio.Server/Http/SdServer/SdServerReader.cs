using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.SdServer;

/// <summary>What readers of <c>/sdcpp</c> look things up in.</summary>
internal sealed record SdServerContext(ClientModels Models, ModelCatalogue Catalogue, Lookups Lookups, VideoModels Videos);

/// <summary>
/// A body of <c>img_gen</c> or <c>vid_gen</c> in the words of the REST API, which checks it; those words may be used beside them. Clients send
/// every field with a value that says nothing, so those are left out, as are fields that a model's family has not.
/// </summary>
internal sealed class SdServerReader
{
    /// <summary>How images are sent where a request says nothing.</summary>
    public static readonly AnswerFormat Usual = new(ImageFormats.Png, 100);

    // Theirs; the REST API has its own for each.
    private static readonly string[] Own =
    [
        "width", "height", "batch_count", "init_image", "mask_image", "ip_adapter_image", "ip_adapter_strength", "control_strength", "control_net", "sample_params", "high_noise_sample_params",
        "lora", "hires", "vae_tiling_params", "output_format", "output_compression", "embed_image_metadata",
    ];

    // Both APIs have them; to other families they say nothing.
    private static readonly string[] OfSomeFamilies = ["clip_skip", "moe_boundary", "vace_strength"];

    private readonly RequestBody _body;
    private readonly RequestFields _fields;
    private readonly SdServerContext _context;
    private readonly ParameterLimits _limits;
    private readonly bool _isVideo;
    private readonly Dictionary<string, JsonElement> _out;
    private readonly Dictionary<string, IReadOnlyList<byte[]>> _files;
    private readonly List<RequestFields> _parts = [];
    private ModelFamily _family;

    public SdServerReader(RequestBody body, bool isVideo, SdServerContext context, ParameterLimits limits)
    {
        (_body, _isVideo, _context, _limits) = (body, isVideo, context, limits);
        _fields = new RequestFields(body.Fields);
        _out = body.Fields.Where(field => !Own.Contains(field.Key)).ToDictionary(StringComparer.Ordinal);
        _files = new Dictionary<string, IReadOnlyList<byte[]>>(body.Files, StringComparer.Ordinal);
    }

    /// <summary>Of the job; known once it is translated.</summary>
    public string Type { get; private set; } = JobType.Generate;

    /// <summary>How the images are wanted; null for a video, which is what it is.</summary>
    public AnswerFormat? Answer { get; private set; }

    /// <summary>The job's fields.</summary>
    /// <exception cref="BadRequestException">Names what is wrong.</exception>
    public RequestBody Translate()
    {
        TakeFile("init_image", "image");
        TakeFile("mask_image", "mask");
        ModelDefinition model = FindModel();
        _family = _context.Lookups.ControlNets.FamilyOf(model);
        Put("model", model.Id);
        // Beginning from an image is what is asked for here, also of models that look at images.
        Type = _isVideo ? JobType.Video : !_files.ContainsKey("image") ? JobType.Generate : model.IsEditModel && !_files.ContainsKey("ref_images") ? JobType.Variation : JobType.Edit;
        AddSize(model);
        if (_fields.Integer(long.MinValue, Parameters.MaxSeed, "seed") is { } seed)
            Put("seed", Text(Math.Max(-1, seed)));
        AddSampling();
        AddLoras();
        if (Part("vae_tiling_params") is { } tiles)
            Put("vae_tiling", tiles.Json("enabled"));
        if (_fields.Flag("embed_image_metadata") == false)
            Put("write_infotext", "false");
        RefuseWhatIsNotHere();
        foreach (string name in OfSomeFamilies)
        {
            _out.Remove(name);
            Put(name, _fields.Json(name));
        }

        if (_isVideo)
            AddVideo(model);
        else
            AddImage(model);
        foreach (RequestFields part in _parts)
            _fields.RefuseLike(part);
        _fields.ThrowIfRefused();
        return _body.Translated(_out, _files);
    }

    private ModelDefinition FindModel()
    {
        string? name = _fields.Text("model");
        ModelDefinition? usual = _isVideo ? _context.Videos.Usual : _context.Models.FindForOpenAi(text: null, _files.ContainsKey("image") || _files.ContainsKey("ref_images"));
        if (name is null)
            return usual ?? throw (_isVideo ? ClientModels.NoneMakesVideos(_context.Videos) : _context.Models.NoneCanBeUsed());
        return _context.Models.Find(name) ?? throw new BadRequestException(
            [new FieldProblem("model", $"model is '{RequestFields.Shown(name)}'; allowed is one of: {string.Join(", ", _context.Models.All.Select(known => known.Id))}")], detail: null);
    }

    private void AddSize(ModelDefinition model)
    {
        long? width = _fields.Integer(1, int.MaxValue, "width"), height = _fields.Integer(1, int.MaxValue, "height");
        if (width is not null || height is not null)
            Put("size", string.Create(CultureInfo.InvariantCulture, $"{width ?? model.DefaultSize.Width}x{height ?? model.DefaultSize.Height}"));
    }

    private void AddSampling()
    {
        if (Part("sample_params") is not { } sampling)
            return;
        AddSampler(sampling, "sample_method", "sampler", "scheduler");
        Put("sample_steps", Above(sampling.Json("sample_steps"), -1));
        Put("eta", sampling.Json("eta"));
        Put("flow_shift", Above(sampling.Json("flow_shift"), 0));
        foreach (string name in new[] { "custom_sigmas", "shifted_timestep" })
        {
            if (sampling.Json(name) is { } text and not ("[]" or "0"))
                _fields.Refuse(name, $"sample_params.{name} is {RequestFields.Shown(text)}; it is not supported here; leave it out");
        }

        if (Part("guidance", sampling) is not { } guidance)
            return;
        string? cfg = guidance.Json("txt_cfg"), imageCfg = guidance.Json("img_cfg");
        Put("cfg_scale", cfg);
        // As much as the text's is what it is without it.
        Put("image_cfg_scale", imageCfg == cfg ? null : imageCfg);
        Put("guidance", guidance.Json("distilled_guidance"));
        if (Part("slg", guidance) is { } slg && slg.Json("scale") is { } scale and not ("0" or "0.0"))
        {
            Put("slg_scale", scale);
            Put("skip_layers", slg.Json("layers"));
        }
    }

    private void AddSampler(RequestFields sampling, string method, string sampler, string? scheduler)
    {
        string? asked = sampling.Text(method), askedScheduler = scheduler is null ? null : sampling.Text("scheduler");
        (string? known, string? knownScheduler) = SamplerNames.Find(_limits.Samplers, _limits.Schedulers, asked, askedScheduler);
        // What is known under no name is refused by its own field.
        Put(sampler, known ?? (TextValues.IsNoName(asked) ? null : asked));
        if (scheduler is not null)
            Put(scheduler, knownScheduler ?? (TextValues.IsNoName(askedScheduler) ? null : askedScheduler));
    }

    private void AddLoras()
    {
        IReadOnlyList<JsonElement> listed = _fields.List("lora");
        if (listed.Count == 0)
            return;
        var loras = new JsonArray();
        foreach (JsonElement item in listed)
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("path", out JsonElement path) || RequestFields.TextOf(path) is not { } name)
            {
                _fields.Refuse("lora", "lora: each is {\"path\": \"…\", \"multiplier\": 1}; GET /sdcpp/v1/capabilities lists them");
                return;
            }

            var lora = new JsonObject { ["name"] = name };
            if (item.TryGetProperty("multiplier", out JsonElement weight))
                lora["weight"] = JsonNode.Parse(weight.GetRawText());
            if (item.TryGetProperty("is_high_noise", out JsonElement high))
                lora["high_noise"] = JsonNode.Parse(high.GetRawText());
            loras.Add((JsonNode)lora);
        }

        PutJson("loras", loras);
    }

    private void AddVideo(ModelDefinition model)
    {
        TakeFile("end_image", "end_image");
        string[] formats = [.. _limits.VideoFormats.Where(format => format != VideoFormats.Apng)];
        Put("format", _fields.OneOf(formats, "output_format") ?? (formats.Contains(VideoFormats.Webm) ? VideoFormats.Webm : VideoSetting.DefaultFormat));
        if (Part("hires")?.Flag("enabled") == true)
            _fields.Refuse("hires", "hires.enabled is true; a video has no second pass here, leave hires out");
        // Of a model that is none they say nothing.
        if (model.Options.HighNoiseDiffusionModelPath is null || Part("high_noise_sample_params") is not { } high)
            return;
        AddSampler(high, "sample_method", "high_noise_sampler", scheduler: null);
        Put("high_noise_steps", Above(high.Json("sample_steps"), 0));
        Put("high_noise_cfg_scale", Part("guidance", high)?.Json("txt_cfg"));
    }

    private void AddImage(ModelDefinition model)
    {
        Answer = new AnswerFormat(_fields.OneOf(ImageFormats.All, "output_format") ?? Usual.Format, (int)(_fields.Integer(0, 100, "output_compression") ?? Usual.Quality));
        Put("n", _fields.Json("batch_count"));
        if (_files.ContainsKey("control_image"))
        {
            string net = _fields.Text("control_net") ?? (_context.Lookups.ControlNets.Of(model) is [{ } first, ..] ? first : "");
            PutJson("control", new JsonArray((JsonNode)new JsonObject { ["model"] = net, ["weight"] = _fields.Number(0, 2, "control_strength") ?? 1 }));
        }

        if (_body.Fields.TryGetValue("ip_adapter_image", out JsonElement seen) && EncodedImage.TextOf(seen) is { } text)
        {
            string adapter = _context.Lookups.Identities.Of(model).FirstOrDefault(name => _context.Lookups.Identities.KindOf(name) == IdentityKind.IpAdapter) ?? "IP-Adapter";
            PutJson("identity", new JsonObject { ["model"] = adapter, ["images"] = new JsonArray((JsonNode)text), ["strength"] = _fields.Number(0, 2, "ip_adapter_strength") ?? 1 });
        }

        if (Part("hires") is { } hires && hires.Flag("enabled") == true)
            AddHires(hires);
    }

    private void AddHires(RequestFields hires)
    {
        Put("hires_upscaler", hires.Text("upscaler") is { } upscaler && !TextValues.IsNoName(upscaler) ? upscaler : null);
        string? width = Above(hires.Json("target_width"), 0), height = Above(hires.Json("target_height"), 0);
        Put("hires_width", width);
        Put("hires_height", height);
        Put("hires_scale", width is null && height is null ? hires.Json("scale") ?? "2" : null);
        Put("hires_steps", Above(hires.Json("steps"), 0));
        Put("hires_strength", hires.Json("denoising_strength"));
        if (hires.Json("custom_sigmas") is { } sigmas and not "[]")
            _fields.Refuse("hires", $"hires.custom_sigmas is {RequestFields.Shown(sigmas)}; it is not supported here; leave it out");
    }

    private void RefuseWhatIsNotHere()
    {
        if (_isVideo && _files.ContainsKey("mask"))
            _fields.Refuse("mask_image", "mask_image was sent; a video takes no mask, leave it out");
        else if (_files.ContainsKey("mask") && !_files.ContainsKey("image"))
            _fields.Refuse("mask_image", "mask_image was sent without init_image; send the image that it belongs to, or leave it out");
        if (_fields.Text("cache_mode") is { } mode && !mode.Equals("disabled", StringComparison.OrdinalIgnoreCase))
            _fields.Refuse("cache_mode", $"cache_mode is '{RequestFields.Shown(mode)}'; allowed is disabled. Images take speed: fast or fastest, which is what the model's family does well with");
        foreach (string name in new[] { "cache_mode", "cache_option", "scm_mask", "scm_policy_dynamic" })
            _out.Remove(name);
    }

    private void TakeFile(string name, string to)
    {
        if (_files.ContainsKey(to))
            return;
        if (_body.Files.TryGetValue(name, out IReadOnlyList<byte[]>? files))
            _files[to] = files;
        else if (_body.Fields.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null && EncodedImage.TextOf(value) is var text && (text is not null || value.ValueKind != JsonValueKind.String))
            _files[to] = [EncodedImage.Decode(text ?? throw new BadRequestException([new FieldProblem(name, $"{name} is not an image; send base64 or a data URL")], detail: null), name)];
        _out.Remove(name);
    }

    private RequestFields? Part(string name, RequestFields? of = null)
    {
        if ((of ?? _fields).Object(name) is not { } part)
            return null;
        // Of two with one name the last counts, as everywhere.
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty property in part.EnumerateObject())
            values[property.Name] = property.Value;
        _parts.Add(new RequestFields(values));
        return _parts[^1];
    }

    // A number that says something; whatever is none goes on, and is refused by its field.
    private static string? Above(string? text, double nothing) => text is not null && TextValues.TryNumber(text, out double number) && number <= nothing ? null : text;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private void Put(string name, string? text)
    {
        if (text is null || (Parameters.Find(name) is { Families: { Count: > 0 } families } && _family != ModelFamily.Unknown && !families.Contains(_family)))
            return;
        _out[name] = JsonSerializer.SerializeToElement(text, ApiJson.Readable.String);
    }

    private void PutJson(string name, JsonNode node)
    {
        using JsonDocument document = JsonDocument.Parse(node.ToJsonString());
        _out[name] = document.RootElement.Clone();
    }
}
