using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SdStudio.Server.Http.OpenApi;

// What requests may contain, for the API description only: requests are read leniently by RequestFields, which says what is wrong with
// every field at once. A test sends each of these fields and what lies just outside its range.

/// <summary>Text-to-image. Its fields are rows of the table of parameters, as are those of the next four: <see cref="ParameterSchemas"/>.</summary>
internal sealed record GenerateBody;

/// <summary>Image-to-image; as a form with files, or as JSON with base64.</summary>
internal sealed record EditBody;

/// <summary>Image-to-image that needs no prompt.</summary>
internal sealed record VariationBody;

/// <summary>Upscaling.</summary>
internal sealed record UpscaleBody;

/// <summary>A video.</summary>
internal sealed record VideoBody;

/// <summary>Settings to save: any fields of requests, none of them required.</summary>
internal sealed record PresetBody;

/// <summary>A model to fetch.</summary>
internal sealed record DownloadBody([property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId);

/// <summary>A file to add: from a repository (repository), from a URL (url), or by an upload (name and bytes).</summary>
internal sealed record AddModelBody
{
    [Description("What it is: model (the default), lora, vae, upscaler, controlnet or embedding"), AllowedValues("model", "lora", "vae", "upscaler", "controlnet", "embedding")]
    public string? Kind { get; init; }

    [Description("A repository of the hub, OWNER/NAME")]
    public string? Repository { get; init; }

    [Description("The file in the repository; not needed if there is only one")]
    public string? File { get; init; }

    [Description("A branch, tag or commit of the repository; default: main")]
    public string? Revision { get; init; }

    [Description("A URL on a host of SdStudio:Downloads:AllowedHosts")]
    public string? Url { get; init; }

    [Description("The file's name here; required for an upload")]
    public string? Name { get; init; }

    [Description("The length of the file to upload; send its parts to the URL in the response"), Range(1, long.MaxValue)]
    public long? Bytes { get; init; }

    [Description("The SHA-256 that the file must have")]
    public string? Sha256 { get; init; }
}

/// <summary>A model to convert.</summary>
internal sealed record ConvertBody(
    [property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId,
    [property: Description("The engine's name of a weight type: f32, f16, bf16, q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1, q4_0, q3_K or q2_K")] string Type);

/// <summary>A short prompt to expand.</summary>
internal sealed record ExpandPromptBody([property: Description("The short prompt")] string Prompt)
{
    [Description("The same seed gives the same words, if the language model supports it"), Range(0, long.MaxValue)]
    public long? Seed { get; init; }
}

/// <summary>A grid of images.</summary>
internal sealed record GridBody(
    [property: Description("The settings of all images: the fields of POST /api/generate or, with an image, of POST /api/edit")] JsonElement Base,
    [property: Description("What changes from column to column")] GridAxisBody X)
{
    [Description("What changes from row to row")]
    public GridAxisBody? Y { get; init; }

    [Description("What changes from one block of rows to the next")]
    public GridAxisBody? Z { get; init; }
}

/// <summary>An axis of a grid.</summary>
internal sealed record GridAxisBody(
    [property: Description("A setting of GET /api/parameters, prompt_replace (the other values replace the first one), or lora:NAME for the weight of a LoRA")] string Field,
    [property: Description("Its values, 1 to 64; a grid has at most 256 cells")] IReadOnlyList<JsonElement> Values);

/// <summary>A job's position: exactly one of the three.</summary>
internal sealed record PlaceBody
{
    [Description("-10 to 10; higher goes first"), Range(-10, 10)]
    public int? Priority { get; init; }

    [Description("The id of the waiting job to put it directly before")]
    public string? Before { get; init; }

    [Description("The id of the waiting job to put it directly after")]
    public string? After { get; init; }
}

/// <summary>A key to exchange for a cookie.</summary>
internal sealed record LoginBody([property: Description("An API key of this server")] string ApiKey);

/// <summary>Images of a person or thing: files of a form, or base64 in JSON; one or several.</summary>
internal sealed record PersonBody([property: Description("An image, or a list of images")] string Image);

/// <summary>Changes to an image; fields that are left out stay unchanged.</summary>
internal record ImageChangeBody
{
    public bool? Starred { get; init; }

    [Description("0 for none, to 5"), Range(0, 5)]
    public int? Rating { get; init; }

    [Description("Replaces all tags")]
    public IReadOnlyList<string>? Tags { get; init; }

    [Description("Tags to add")]
    public IReadOnlyList<string>? AddTags { get; init; }

    [Description("Tags to remove")]
    public IReadOnlyList<string>? RemoveTags { get; init; }

    [Description("A board's id or name; null or none removes it from its board")]
    public string? Board { get; init; }
}

/// <summary>What to change of several images.</summary>
internal sealed record ImagesChangeBody : ImageChangeBody
{
    [Description("The images' ids, at most 1000")]
    public required IReadOnlyList<string> Ids { get; init; }
}

/// <summary>A board.</summary>
internal sealed record BoardBody([property: Description("Its name, one line of at most 100 characters")] string Name);

/// <summary>The images; without ids, the query selects them.</summary>
internal sealed record ZipBody([property: Description("The images' ids, at most 1000")] IReadOnlyList<string>? Ids);

/// <summary>What to import: files of a form, or a folder.</summary>
internal sealed record ImportBody
{
    [Description("A folder inside the data directory; only for the administrator")]
    public string? Folder { get; init; }

    [Description("The id or name of the board for them")]
    public string? Board { get; init; }
}

/// <summary>The source of the settings: an image or text.</summary>
internal sealed record ReadSettingsBody
{
    [Description("An image as a file, base64 or a data URL")]
    public string? Image { get; init; }

    [Description("An infotext, or the JSON of ComfyUI, InvokeAI, SwarmUI, Fooocus, NovelAI or Civitai")]
    public string? Text { get; init; }
}

/// <summary>A template to expand without generating.</summary>
internal sealed record PreviewTemplateBody
{
    public required string Prompt { get; init; }

    public string? NegativePrompt { get; init; }

    [Description("Number of prompts, for this seed and the following ones"), Range(1, 100)]
    public int? N { get; init; }

    public long? Seed { get; init; }

    [Description("All combinations, up to n")]
    public bool? Combinatorial { get; init; }

    [Description("Names of styles to apply first")]
    public IReadOnlyList<string>? Styles { get; init; }
}

/// <summary>A prompt to count.</summary>
internal sealed record CountTokensBody
{
    public required string Prompt { get; init; }

    [Description("The id of the model whose text encoder reads it")]
    public string? Model { get; init; }

    [Description("Names of styles to apply first")]
    public IReadOnlyList<string>? Styles { get; init; }
}

/// <summary>A style's words; {prompt} stands for the prompt.</summary>
internal sealed record StyleBody(string? Prompt, string? NegativePrompt);
