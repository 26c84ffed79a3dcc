using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SdStudio.Server.Http.OpenApi;

// Bodies of the clients' surfaces, for the API description only: the fields that this server reads and writes. Others may be sent, too.

/// <summary>What txt2img and img2img read.</summary>
internal record A1111GenerateBody
{
    [Description("The prompt, with <lora:NAME:WEIGHT> for LoRAs")]
    public string? Prompt { get; init; }

    public string? NegativePrompt { get; init; }

    public int? Steps { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public double? CfgScale { get; init; }

    [Description("-1, or left out: random")]
    public long? Seed { get; init; }

    [Description("A sampler's label or name, e.g. Euler a")]
    public string? SamplerName { get; init; }

    public string? Scheduler { get; init; }

    public int? BatchSize { get; init; }

    public int? NIter { get; init; }

    [Description("Denoising strength of img2img, or of the second pass of the hires fix; 0 to 1")]
    public double? DenoisingStrength { get; init; }

    [Description("Reference images, base64 or data URLs; for models with the capability imgedit")]
    public IReadOnlyList<string>? ExtraImages { get; init; }

    [Description("controlnet: {args: [unit]} with image, model, module and weight")]
    public Dictionary<string, JsonElement>? AlwaysonScripts { get; init; }

    [Description("exact, fast or fastest")]
    public string? Speed { get; init; }

    [Description("sd_model_checkpoint, sd_vae and CLIP_stop_at_last_layers")]
    public Dictionary<string, JsonElement>? OverrideSettings { get; init; }

    public bool? SendImages { get; init; }
}

/// <summary>Text-to-image.</summary>
internal sealed record A1111TextToImageBody : A1111GenerateBody
{
    public bool? EnableHr { get; init; }

    public double? HrScale { get; init; }

    public string? HrUpscaler { get; init; }

    public int? HrSecondPassSteps { get; init; }

    public string? HrPrompt { get; init; }

    public string? HrNegativePrompt { get; init; }

    public string? HrSamplerName { get; init; }

    public string? HrScheduler { get; init; }

    public double? HrCfg { get; init; }
}

/// <summary>Image-to-image and inpainting.</summary>
internal sealed record A1111ImageToImageBody : A1111GenerateBody
{
    [Description("Base64 or data URLs; the first one is the input image")]
    public required IReadOnlyList<string> InitImages { get; init; }

    [Description("Base64 or a data URL: white is inpainted")]
    public string? Mask { get; init; }

    public double? MaskBlur { get; init; }

    [Description("Generates only the masked area, at width x height; default: true")]
    public bool? InpaintFullRes { get; init; }

    [Description("Context around the masked area, in pixels of the image")]
    public int? InpaintFullResPadding { get; init; }

    [Description("What the masked area starts from: 0 the colours around it, 1 the image, 2 noise, 3 nothing")]
    public int? InpaintingFill { get; init; }

    [Description("1 keeps the white part and inpaints the rest")]
    public int? InpaintingMaskInvert { get; init; }

    public int? ResizeMode { get; init; }
}

/// <param name="Images">PNG files as base64.</param>
/// <param name="Parameters">The request.</param>
/// <param name="Info">JSON as text: seeds, infotexts, notes.</param>
internal sealed record A1111ImagesAnswer(IReadOnlyList<string> Images, Dictionary<string, JsonElement> Parameters, string Info);

/// <summary>Upscaling of one image.</summary>
internal sealed record A1111ExtraSingleBody
{
    [Description("Base64 or a data URL")]
    public required string Image { get; init; }

    [Description("0 scales by upscaling_resize, 1 scales to upscaling_resize_w and upscaling_resize_h")]
    public int? ResizeMode { get; init; }

    [JsonPropertyName("upscaler_1")]
    public string? Upscaler1 { get; init; }

    public double? UpscalingResize { get; init; }

    public int? UpscalingResizeW { get; init; }

    public int? UpscalingResizeH { get; init; }
}

/// <summary>Upscaling of several images.</summary>
internal sealed record A1111ExtraBatchBody
{
    [JsonPropertyName("imageList"), Description("Objects with data (base64) and name")]
    public required IReadOnlyList<Dictionary<string, string>> ImageList { get; init; }

    public int? ResizeMode { get; init; }

    [JsonPropertyName("upscaler_1")]
    public string? Upscaler1 { get; init; }

    public double? UpscalingResize { get; init; }

    public int? UpscalingResizeW { get; init; }

    public int? UpscalingResizeH { get; init; }
}

internal sealed record A1111ExtraSingleAnswer(string HtmlInfo, string Image);

internal sealed record A1111ExtraBatchAnswer(string HtmlInfo, IReadOnlyList<string> Images);

internal sealed record A1111PngInfoBody([property: Description("Base64 or a data URL")] string Image);

internal sealed record A1111PngInfoAnswer(string Info, Dictionary<string, JsonElement> Items, Dictionary<string, JsonElement> Parameters);

internal sealed record A1111ProgressAnswer(
    double Progress, double EtaRelative, Dictionary<string, JsonElement> State, string? CurrentImage, string? Textinfo, string? CurrentTask);

internal sealed record A1111InterruptAnswer(bool Success, bool Interrupted);

internal sealed record A1111OptionsBody
{
    public string? SdModelCheckpoint { get; init; }
}

internal sealed record A1111Sampler(string Name, IReadOnlyList<string> Aliases, Dictionary<string, JsonElement> Options);

internal sealed record A1111Scheduler(string Name, string Label, IReadOnlyList<string>? Aliases, double DefaultRho, bool NeedInnerModel);

internal sealed record A1111Model(string Title, string ModelName, string Filename, string? Hash, string? Sha256, string? Config);

internal sealed record A1111Upscaler(string Name, string? ModelName, string? ModelPath, string? ModelUrl, double? Scale);

internal sealed record A1111Lora(string Name, string Alias, string Path, Dictionary<string, JsonElement> Metadata);

/// <summary>What img_gen and vid_gen read.</summary>
internal record SdServerBody
{
    public required string Prompt { get; init; }

    public string? NegativePrompt { get; init; }

    [Description("A model's id; default: the server's default model")]
    public string? Model { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    [Description("-1, or left out: random")]
    public long? Seed { get; init; }

    [Description("Base64 or a data URL: the input image, or the first frame of a video")]
    public string? InitImage { get; init; }

    [Description("sample_method, scheduler, sample_steps, eta, flow_shift, guidance: {txt_cfg, img_cfg, distilled_guidance, slg}")]
    public Dictionary<string, JsonElement>? SampleParams { get; init; }

    [Description("Objects with path and multiplier, and is_high_noise for models with two experts")]
    public IReadOnlyList<Dictionary<string, JsonElement>>? Lora { get; init; }

    [Description("enabled")]
    public Dictionary<string, JsonElement>? VaeTilingParams { get; init; }

    [Description("png, jpeg or webp for images; webm, webp or mp4 for a video, if the server can write it")]
    public string? OutputFormat { get; init; }
}

/// <summary>Images.</summary>
internal sealed record SdServerImageBody : SdServerBody
{
    public int? BatchCount { get; init; }

    [Description("Denoising strength: 0 keeps init_image, 1 ignores it")]
    public double? Strength { get; init; }

    [Description("Base64 or a data URL: white is inpainted")]
    public string? MaskImage { get; init; }

    [Description("Reference images, base64 or data URLs; for models that accept them")]
    public IReadOnlyList<string>? RefImages { get; init; }

    [Description("The control image of a ControlNet: the one named in control_net, or the first that fits the model")]
    public string? ControlImage { get; init; }

    public double? ControlStrength { get; init; }

    [Description("Whom or what the images should look like, for models with an IP-Adapter")]
    public string? IpAdapterImage { get; init; }

    public double? IpAdapterStrength { get; init; }

    [Description("enabled, upscaler, scale, target_width, target_height, steps, denoising_strength")]
    public Dictionary<string, JsonElement>? Hires { get; init; }

    [Description("For jpeg and webp, 0 to 100")]
    public int? OutputCompression { get; init; }
}

/// <summary>A video.</summary>
internal sealed record SdServerVideoBody : SdServerBody
{
    public int? VideoFrames { get; init; }

    public int? Fps { get; init; }

    [Description("The last frame")]
    public string? EndImage { get; init; }

    [Description("The control frames, in order")]
    public IReadOnlyList<string>? ControlFrames { get; init; }

    public double? VaceStrength { get; init; }

    public double? MoeBoundary { get; init; }

    [Description("For models with two experts: sample_method, sample_steps, guidance: {txt_cfg}")]
    public Dictionary<string, JsonElement>? HighNoiseSampleParams { get; init; }
}

/// <param name="Id">The job's.</param>
/// <param name="Kind">img_gen or vid_gen.</param>
/// <param name="Status">queued.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="PollUrl">The URL to poll.</param>
internal sealed record SdServerAccepted(string Id, string Kind, string Status, long Created, string PollUrl);

/// <param name="Id">The job's.</param>
/// <param name="Kind">img_gen or vid_gen.</param>
/// <param name="Status">queued, generating, completed, failed or cancelled.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Started">Unix seconds; null before.</param>
/// <param name="Completed">Unix seconds; null before.</param>
/// <param name="QueuePosition">1 for the next job; 0 if it is not waiting.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="Result">Of images output_format and images; of a video output_format, mime_type, fps, frame_count and b64_json. Null before.</param>
/// <param name="Error">code and message; null if it did not fail.</param>
internal sealed record SdServerJob(
    string Id, string Kind, string Status, long Created, long? Started, long? Completed, int QueuePosition, double Progress, Dictionary<string, JsonElement>? Result, Dictionary<string, JsonElement>? Error);

/// <summary>The shapes above, for the description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(A1111TextToImageBody))]
[JsonSerializable(typeof(A1111ImageToImageBody))]
[JsonSerializable(typeof(A1111ImagesAnswer))]
[JsonSerializable(typeof(A1111ExtraSingleBody))]
[JsonSerializable(typeof(A1111ExtraBatchBody))]
[JsonSerializable(typeof(A1111ExtraSingleAnswer))]
[JsonSerializable(typeof(A1111ExtraBatchAnswer))]
[JsonSerializable(typeof(A1111PngInfoBody))]
[JsonSerializable(typeof(A1111PngInfoAnswer))]
[JsonSerializable(typeof(A1111ProgressAnswer))]
[JsonSerializable(typeof(A1111InterruptAnswer))]
[JsonSerializable(typeof(A1111OptionsBody))]
[JsonSerializable(typeof(List<A1111Sampler>))]
[JsonSerializable(typeof(List<A1111Scheduler>))]
[JsonSerializable(typeof(List<A1111Model>))]
[JsonSerializable(typeof(List<A1111Upscaler>))]
[JsonSerializable(typeof(List<A1111Lora>))]
[JsonSerializable(typeof(OpenAiGenerationBody))]
[JsonSerializable(typeof(OpenAiEditForm))]
[JsonSerializable(typeof(OpenAiImagesAnswer))]
[JsonSerializable(typeof(OpenAiModelsAnswer))]
[JsonSerializable(typeof(OpenAiErrorAnswer))]
[JsonSerializable(typeof(OpenAiVideoBody))]
[JsonSerializable(typeof(SdServerImageBody))]
[JsonSerializable(typeof(SdServerVideoBody))]
[JsonSerializable(typeof(SdServerAccepted))]
[JsonSerializable(typeof(SdServerJob))]
[JsonSerializable(typeof(OpenAiVideo))]
[JsonSerializable(typeof(OpenAiVideosAnswer))]
[JsonSerializable(typeof(OpenAiDeletedVideo))]
internal sealed partial class ClientBodiesJson : JsonSerializerContext;
