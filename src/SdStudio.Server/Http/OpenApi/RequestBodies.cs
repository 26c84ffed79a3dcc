using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace SdStudio.Server.Http.OpenApi;

// What requests may contain, for the API description only: requests are read leniently by RequestFields, which says what is wrong with
// every field at once. A test sends each of these fields and what lies just outside its range.

/// <summary>What every request to draw may say.</summary>
internal abstract record GenerationBody
{
    [Description("Words or a sentence to avoid; needs cfg_scale above 1"), MaxLength(8000)]
    public string? NegativePrompt { get; init; }

    [Description("WIDTHxHEIGHT in pixels, or auto. Without it: the model's own, or the input image's shape"), RegularExpression("^(auto|[0-9]+x[0-9]+)$")]
    public string? Size { get; init; }

    [Description("Pictures to draw; picture i has seed + i"), Range(1, 10), DefaultValue(1)]
    public int N { get; init; }

    [Description("0 to 2^53 - 1, as a number or as text; -1 or nothing is a random one"), Range(-1, 9007199254740991)]
    public long? Seed { get; init; }

    [Description("Stored with the picture"), AllowedValues("auto", "high", "medium", "low", "hd", "standard")]
    public string? Quality { get; init; }

    [Description("Stored with the picture"), AllowedValues("vivid", "natural")]
    public string? Style { get; init; }

    [Description("Sampling steps; without it the model's own"), Range(1, 150)]
    public int? Steps { get; init; }

    [Description("Classifier-free guidance; 1 turns it off. Without it the model's own"), Range(0.0, 100.0)]
    public double? CfgScale { get; init; }

    [Description("A sampler of the engine, e.g. euler_a")]
    public string? Sampler { get; init; }

    [Description("A scheduler of the engine, e.g. karras")]
    public string? Scheduler { get; init; }

    [Description("Layers of the CLIP text encoder to leave out; 0 or -1 for the model's own"), Range(-1, 12)]
    public int? ClipSkip { get; init; }

    [Description("LoRAs of the server's folder of LoRAs")]
    public IReadOnlyList<LoraBody>? Loras { get; init; }

    [Description("Eta of samplers that have one"), Range(0.0, 10.0)]
    public double? Eta { get; init; }

    [Description("Shift of flow models"), Range(0.0, 100.0)]
    public double? FlowShift { get; init; }

    [Description("Distilled guidance, for models that take it in place of cfg_scale"), Range(0.0, 100.0)]
    public double? Guidance { get; init; }

    [Description("Decodes in tiles, which needs less memory; not with tiling"), DefaultValue(false)]
    public bool VaeTiling { get; init; }

    [Description("The picture's edges fit each other, as those of a tile"), DefaultValue(false)]
    public bool Tiling { get; init; }

    [Description("-10 to 10; higher goes first"), Range(-10, 10), DefaultValue(0)]
    public int Priority { get; init; }

    [Description("What happens to the job when the client leaves before its end"), AllowedValues("finish", "cancel"), DefaultValue("finish")]
    public string? OnDisconnect { get; init; }
}

internal sealed record LoraBody([property: Description("The file's name, with or without its extension")] string Name, [property: Range(-100.0, 100.0)] double Weight);

/// <summary>Text-to-image.</summary>
internal sealed record GenerateBody : GenerationBody
{
    [Description("What to draw"), MaxLength(8000)]
    public required string Prompt { get; init; }

    [Description("A model's id")]
    public required string Model { get; init; }

    [Description("Draws the picture of this size first, enlarges it so many times and draws over it"), Range(1.0, 8.0)]
    public double? HiresScale { get; init; }

    [Description("In place of hires_scale: the width of the result, pixels")]
    public int? HiresWidth { get; init; }

    [Description("In place of hires_scale: the height of the result, pixels")]
    public int? HiresHeight { get; init; }

    [Description("What enlarges it: a name of the upscalers"), DefaultValue("Lanczos")]
    public string? HiresUpscaler { get; init; }

    [Description("Sampling steps of the second pass; without it those of the first"), Range(1, 150)]
    public int? HiresSteps { get; init; }

    [Description("How far the second pass may leave the first"), Range(0.0, 1.0), DefaultValue(0.75)]
    public double? HiresStrength { get; init; }
}

/// <summary>Image-to-image; as a form with files, or as JSON with base64.</summary>
internal record EditBody : GenerationBody
{
    [Description("The picture to begin from: PNG, JPEG, WebP, GIF or TIFF")]
    public IFormFile? Image { get; init; }

    [Description("In place of image: the id of a picture of this server")]
    public string? SourceImageId { get; init; }

    [Description("Where to draw anew: white, or what is transparent. Everywhere without it")]
    public IFormFile? Mask { get; init; }

    [Description("What to draw. Required to edit, optional for variations"), MaxLength(8000)]
    public string? Prompt { get; init; }

    [Description("A model's id; without it the default model for image-to-image")]
    public string? Model { get; init; }

    [Description("How far the result may leave the picture"), Range(0.0, 1.0), DefaultValue(0.75)]
    public double? Strength { get; init; }
}

/// <summary>Enlarging.</summary>
internal sealed record UpscaleBody
{
    [Description("The picture to enlarge: PNG, JPEG, WebP, GIF or TIFF")]
    public IFormFile? Image { get; init; }

    [Description("In place of image: the id of a picture of this server")]
    public string? SourceImageId { get; init; }

    [Description("An upscaler's name or id; Lanczos is always there"), DefaultValue("RealESRGAN 4x+")]
    public string? Upscaler { get; init; }

    [Description("0 by factor, 1 to size"), AllowedValues(0, 1), DefaultValue(0)]
    public int? ResizeMode { get; init; }

    [Description("How many times wider and higher"), Range(0.1, 16.0), DefaultValue(2.0)]
    public double? UpscaleFactor { get; init; }

    [Description("Required with resize_mode 1"), Range(1, 16384)]
    public int? TargetWidth { get; init; }

    [Description("Required with resize_mode 1"), Range(1, 16384)]
    public int? TargetHeight { get; init; }

    [Description("The picture's edges fit each other, as those of a tile"), DefaultValue(false)]
    public bool Tiling { get; init; }

    [Description("-10 to 10; higher goes first"), Range(-10, 10), DefaultValue(0)]
    public int Priority { get; init; }
}

/// <summary>A model to fetch.</summary>
internal sealed record DownloadBody([property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId);

/// <summary>A model to convert.</summary>
internal sealed record ConvertBody(
    [property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId,
    [property: Description("The engine's name of a weight type: f32, f16, bf16, q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1, q4_0, q3_K or q2_K")] string Type);

/// <summary>A job's place in line: one of the three.</summary>
internal sealed record PlaceBody(
    [property: Description("-10 to 10; higher goes first"), Range(-10, 10)] int? Priority,
    [property: Description("The id of the waiting job that it is to go directly before")] string? Before,
    [property: Description("The id of the waiting job that it is to go directly after")] string? After);
