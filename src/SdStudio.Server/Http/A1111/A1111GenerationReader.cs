using System.Globalization;
using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.A1111;

/// <summary>
/// A body of <c>txt2img</c> or <c>img2img</c> in the words of the REST API, which checks and draws it. Where Automatic1111 takes what the
/// engine cannot do, it is left out and <see cref="Notes"/> says so: its clients know no refusal.
/// </summary>
internal sealed class A1111GenerationReader
{
    private const double MaxHiresScale = 8;
    private const double DefaultMaskBlur = 4;

    // The REST API's own names, which go through as they are.
    private static readonly string[] Extra =
        ["eta", "flow_shift", "guidance", "vae_tiling", "loras", "priority", "tiling", "hires_scale", "hires_width", "hires_height", "hires_upscaler", "hires_steps", "hires_strength"];

    // What the engine has nothing for.
    private static readonly string[] Impossible =
    [
        "subseed_strength", "seed_resize_from_w", "seed_resize_from_h", "restore_faces", "styles", "refiner_checkpoint", "script_name", "alwayson_scripts",
        "s_churn", "s_tmin", "s_tmax", "s_noise", "s_min_uncond", "hr_checkpoint_name", "hr_sampler_name", "hr_scheduler", "hr_prompt",
        "hr_negative_prompt", "image_cfg_scale", "initial_noise_multiplier", "latent_mask", "inpaint_full_res", "firstpass_image",
    ];

    private readonly RequestFields _fields;
    private readonly RequestFields _override;
    private readonly IReadOnlyDictionary<string, JsonElement> _values;
    private readonly Dictionary<string, JsonElement> _out = new(StringComparer.Ordinal);
    private readonly LimitOptions _limits;
    private readonly byte[]? _mask;

    public A1111GenerationReader(RequestBody body, LimitOptions limits)
    {
        (_values, _limits) = (body.Fields, limits);
        _mask = body.Files.GetValueOrDefault("mask");
        _fields = new RequestFields(_values);
        _override = new RequestFields(
            _values.TryGetValue("override_settings", out JsonElement settings) && settings.ValueKind == JsonValueKind.Object
                ? settings.Deserialize(ApiJson.Readable.DictionaryStringJsonElement)! : new Dictionary<string, JsonElement>());
        SendImages = _fields.Flag("send_images") ?? true;
        TaskId = _fields.Text("force_task_id");
    }

    /// <summary>What was left out or changed, for people.</summary>
    public List<string> Notes { get; } = [];

    public bool SendImages { get; }

    public string? TaskId { get; }

    /// <summary>The job's fields in the words of the REST API.</summary>
    /// <exception cref="BadRequestException">Names the fields whose type is wrong.</exception>
    public RequestBody Translate(SdEngine engine, A1111Options options, ClientModels models, ModelCatalogue catalogue, LoraFolder loras, bool fromPicture)
    {
        foreach (string name in Extra.Where(_values.ContainsKey))
            _out[name] = _values[name];
        ModelDefinition? model = FindModel(options, models);
        Put("model", model?.Id);
        Put("prompt", WithKnownLoras("prompt", loras));
        Put("negative_prompt", WithKnownLoras("negative_prompt", loras));
        AddSampling(engine, options);
        AddSize(model, fromPicture);
        if (fromPicture)
            Put("strength", Clamped("denoising_strength", 0, 1));
        else if (_fields.Flag("enable_hr") == true)
            AddHires(catalogue, model);
        if (_fields.Integer(int.MinValue, int.MaxValue, "inpainting_fill") is not (null or 0 or 1))
            Notes.Add("inpainting_fill: the masked part begins from the picture");
        if (Impossible.Where(IsSet).ToList() is { Count: > 0 } ignored)
            Notes.Add($"Not done, the engine has nothing for it: {string.Join(", ", ignored)}");
        _fields.ThrowIfRefused();
        _override.ThrowIfRefused();
        return new RequestBody(_out, new Dictionary<string, byte[]>());
    }

    /// <summary>The picture that <c>img2img</c> begins from, in the shape of the result.</summary>
    public ImageBuffer ReadInput()
    {
        if (!_values.TryGetValue("init_images", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0
            || list[0].ValueKind != JsonValueKind.String)
        {
            throw new BadRequestException("Init image not found", "Send base64 or a data URL in init_images", StatusCodes.Status404NotFound);
        }

        if (list.GetArrayLength() > 1)
            Notes.Add("init_images: only the first is used");
        ImageBuffer picture = ImageDecoder.Read(PictureBytes(list[0], "init_images"), "init_images", _limits.MaxInputPixels);
        return Shaped(picture);
    }

    /// <summary>Where <c>img2img</c> draws anew; null for everywhere.</summary>
    public ImageBuffer? ReadMask()
    {
        if (_mask is null)
            return null;
        ImageBuffer mask = Shaped(ImageDecoder.ReadMask(_mask, "mask", _limits.MaxInputPixels));
        if (_fields.Flag("inpainting_mask_invert") == true)
            mask = Replaced(mask, ImageDecoder.Invert(mask));
        double blur = _fields.Number(0, 256, "mask_blur") ?? Math.Max(_fields.Number(0, 256, "mask_blur_x") ?? DefaultMaskBlur, _fields.Number(0, 256, "mask_blur_y") ?? DefaultMaskBlur);
        return blur > 0 ? Replaced(mask, ImageDecoder.Blur(mask, blur)) : mask;
    }

    private ModelDefinition? FindModel(A1111Options options, ClientModels models)
    {
        if (_override.Text("sd_model_checkpoint") is { } checkpoint)
            return A1111Options.Require(models, checkpoint, "override_settings.sd_model_checkpoint");
        return _fields.Text("model") is { } name ? A1111Options.Require(models, name, "model") : options.Model;
    }

    private void AddSampling(SdEngine engine, A1111Options options)
    {
        Put("steps", (long?)Clamped("steps", 1, _limits.MaxSteps));
        Put("cfg_scale", Clamped("cfg_scale", 0, 100));
        Put("seed", _fields.Integer(long.MinValue, (1L << 53) - 1, "seed") is { } seed and >= 0 ? seed : -1);
        string? clipSkip = _fields.Text("clip_skip") ?? _override.Text("CLIP_stop_at_last_layers") ?? options.ClipLayers;
        // 1 is everybody's default there, and models that want another bring it along.
        if (double.TryParse(clipSkip, CultureInfo.InvariantCulture, out double layers) && layers > 1)
            Put("clip_skip", (long)Math.Min(layers, 12));
        double wanted = Math.Max(1, Clamped("batch_size", 1, 1000) ?? 1) * Math.Max(1, Clamped("n_iter", 1, 1000) ?? 1);
        if (wanted > _limits.MaxImages)
            Notes.Add($"batch_size x n_iter is {wanted}: {_limits.MaxImages} pictures, the most of one request");
        Put("n", (long)Math.Min(wanted, _limits.MaxImages));
        string? asked = _fields.Text("sampler_name") ?? _fields.Text("sampler_index");
        string? askedScheduler = _fields.Text("scheduler");
        (string? sampler, string? scheduler) = SamplerNames.Find(engine, asked, askedScheduler);
        if (sampler is null && !IsDefaultName(asked))
            Notes.Add($"sampler '{RequestFields.Shown(asked!)}' is not one of the engine's: the model's own is used");
        if (scheduler is null && !IsDefaultName(askedScheduler))
            Notes.Add($"scheduler '{RequestFields.Shown(askedScheduler!)}' is not one of the engine's: the model's own is used");
        Put("sampler", sampler);
        Put("scheduler", scheduler);
    }

    private void AddSize(ModelDefinition? model, bool fromPicture)
    {
        long? width = _fields.Integer(int.MinValue, int.MaxValue, "width") is > 0 and long wide ? wide : null;
        long? height = _fields.Integer(int.MinValue, int.MaxValue, "height") is > 0 and long high ? high : null;
        if (width is null && height is null && fromPicture)
            return;
        ImageSize usual = model?.DefaultSize ?? ImageSize.Default;
        ImageSize size = Fitting(width ?? usual.Width, height ?? usual.Height);
        if (width is not null && height is not null && (size.Width != width || size.Height != height))
            Notes.Add($"{width}x{height} is drawn as {size}");
        Put("size", size.ToString());
    }

    private void AddHires(ModelCatalogue catalogue, ModelDefinition? model)
    {
        string? upscaler = _fields.Text("hr_upscaler");
        if (upscaler is not null && catalogue.FindUpscaler(upscaler) is { IsThere: true } known)
            Put("hires_upscaler", known.Name);
        else if (!IsDefaultName(upscaler))
            Notes.Add($"hr_upscaler '{RequestFields.Shown(upscaler!)}' is not one of this server's: Lanczos is used");
        ImageSize first = _out.TryGetValue("size", out JsonElement text) && ImageSize.TryParse(text.GetString()!, out ImageSize parsed)
            ? parsed : model?.DefaultSize ?? ImageSize.Default;
        double scale = Clamped("hr_scale", 1, MaxHiresScale) ?? 2;
        double width = Clamped("hr_resize_x", 0, int.MaxValue) ?? 0;
        double height = Clamped("hr_resize_y", 0, int.MaxValue) ?? 0;
        if (width > 0 || height > 0)
            scale = 0;
        ImageSize second = Fitting(
            width > 0 ? width : height > 0 ? first.Width * height / first.Height : first.Width * scale,
            height > 0 ? height : width > 0 ? first.Height * width / first.Width : first.Height * scale);
        Put("hires_width", second.Width);
        Put("hires_height", second.Height);
        Put("hires_steps", (long?)Clamped("hr_second_pass_steps", 0, _limits.MaxSteps) is > 0 and long steps ? steps : null);
        Put("hires_strength", Clamped("denoising_strength", 0, 1));
    }

    // The largest picture of that shape that may be drawn.
    private ImageSize Fitting(double width, double height)
    {
        double scale = Math.Min(1, Math.Min(_limits.MaxSide / Math.Max(width, height), Math.Sqrt(_limits.MaxPixels / (width * height))));
        return new ImageSize(Side(width), Side(height));

        int Side(double side) => Math.Clamp((int)Math.Floor(side * scale), 8, _limits.MaxSide);
    }

    private ImageBuffer Shaped(ImageBuffer picture)
    {
        // 0 is to stretch; cutting what is too much is what the job does by itself.
        if (!_out.TryGetValue("size", out JsonElement text) || !ImageSize.TryParse(text.GetString()!, out ImageSize size)
            || (size.Width == picture.Width && size.Height == picture.Height) || _fields.Integer(int.MinValue, int.MaxValue, "resize_mode") is not (null or 0))
        {
            return picture;
        }

        return Replaced(picture, ImageDecoder.Resize(picture, size.Width, size.Height));
    }

    private string? WithKnownLoras(string name, LoraFolder loras) => _fields.Text(name) is { } text
        ? LoraTags.Without(text, lora =>
        {
            bool unknown = loras.Find(lora) is null;
            if (unknown)
                Notes.Add($"There is no LoRA '{RequestFields.Shown(lora)}': it is left out");
            return unknown;
        })
        : null;

    private double? Clamped(string name, double min, double max)
    {
        if (_fields.Number(double.MinValue, double.MaxValue, name) is not { } value)
            return null;
        double clamped = Math.Clamp(value, min, max);
        if (clamped != value)
            Notes.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}: {clamped} is used"));
        return clamped;
    }

    private bool IsSet(string name) => _values.TryGetValue(name, out JsonElement value) && value.ValueKind switch
    {
        JsonValueKind.True => name != "inpaint_full_res" || _mask is not null,
        JsonValueKind.Number => value.GetDouble() is not (0 or -1) && name is not ("s_noise" or "initial_noise_multiplier" or "image_cfg_scale"),
        JsonValueKind.String => !IsDefaultName(value.GetRawText().Trim('"')),
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => false,
    };

    private static bool IsDefaultName(string? text) =>
        string.IsNullOrWhiteSpace(text) || text.Trim().ToUpperInvariant() is "NONE" or "N/A" or "AUTOMATIC" or "AUTO" or "DEFAULT" or "UNDEFINED" or "USE SAME SAMPLER" or "USE SAME SCHEDULER";

    private static byte[] PictureBytes(JsonElement value, string field)
    {
        string text = RequestFields.TextOf(value) ?? "?";
        return text.StartsWith("http", StringComparison.OrdinalIgnoreCase) && text.Contains("://", StringComparison.Ordinal)
            ? throw new BadRequestException($"{field} is a URL; this server fetches nothing for others. Send base64 or a data URL")
            : RequestBody.Decode(text, field);
    }

    private static ImageBuffer Replaced(ImageBuffer old, ImageBuffer next)
    {
        old.Dispose();
        return next;
    }

    private void Put(string name, string? text)
    {
        if (text is not null)
            _out[name] = JsonSerializer.SerializeToElement(text, ApiJson.Readable.String);
    }

    private void Put(string name, double? number) => Put(name, number?.ToString(CultureInfo.InvariantCulture));

    private void Put(string name, long? number) => Put(name, number?.ToString(CultureInfo.InvariantCulture));
}
