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

/// <summary>Settings to keep: any of those that requests have, none of which is required.</summary>
internal sealed record PresetBody;

/// <summary>A model to fetch.</summary>
internal sealed record DownloadBody([property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId);

/// <summary>A file to add: from a repository (repository), from an address (url), or by an upload (name and bytes).</summary>
internal sealed record AddModelBody
{
    [Description("What it is: model (the default), lora, vae, upscaler, controlnet or embedding"), AllowedValues("model", "lora", "vae", "upscaler", "controlnet", "embedding")]
    public string? Kind { get; init; }

    [Description("A repository of the hub, OWNER/NAME")]
    public string? Repository { get; init; }

    [Description("The file in the repository; not needed where it has only one")]
    public string? File { get; init; }

    [Description("A branch, tag or commit of the repository; main without it")]
    public string? Revision { get; init; }

    [Description("An address on a host of SdStudio:Downloads:AllowedHosts")]
    public string? Url { get; init; }

    [Description("The file's name here; required for an upload")]
    public string? Name { get; init; }

    [Description("The length of a file that is uploaded; its parts go to the address in the answer"), Range(1, long.MaxValue)]
    public long? Bytes { get; init; }

    [Description("The SHA-256 that the file must have")]
    public string? Sha256 { get; init; }
}

/// <summary>A model to convert.</summary>
internal sealed record ConvertBody(
    [property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId,
    [property: Description("The engine's name of a weight type: f32, f16, bf16, q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1, q4_0, q3_K or q2_K")] string Type);

/// <summary>An idea for a prompt.</summary>
internal sealed record ExpandPromptBody([property: Description("The short prompt")] string Prompt)
{
    [Description("The same seed gives the same words, where the language server heeds it"), Range(0, long.MaxValue)]
    public long? Seed { get; init; }
}

/// <summary>A grid of images.</summary>
internal sealed record GridBody(
    [property: Description("The settings that all images have: the fields of POST /api/generate, and with an image those of POST /api/edit")] JsonElement Base,
    [property: Description("What changes from column to column")] GridAxisBody X)
{
    [Description("What changes from row to row")]
    public GridAxisBody? Y { get; init; }

    [Description("What changes from one block of rows to the next")]
    public GridAxisBody? Z { get; init; }
}

/// <summary>An axis of a grid.</summary>
internal sealed record GridAxisBody(
    [property: Description("A setting of GET /api/parameters, prompt_replace (the first value is what the others replace), or lora:NAME for the weight of a LoRA")] string Field,
    [property: Description("Its values, 1 to 64; a grid has at most 256 cells")] IReadOnlyList<JsonElement> Values);

/// <summary>A job's place in line: exactly one of the three.</summary>
internal sealed record PlaceBody
{
    [Description("-10 to 10; higher goes first"), Range(-10, 10)]
    public int? Priority { get; init; }

    [Description("The id of the waiting job that it is to go directly before")]
    public string? Before { get; init; }

    [Description("The id of the waiting job that it is to go directly after")]
    public string? After { get; init; }
}

/// <summary>A key to exchange for a cookie.</summary>
internal sealed record LoginBody([property: Description("An API key of this server")] string ApiKey);

/// <summary>Images of somebody: files of a form, or base64 in JSON; one or several.</summary>
internal sealed record PersonBody([property: Description("An image, or a list of images")] string Image);

/// <summary>What to change of an image; what is left out stays.</summary>
internal record ImageChangeBody
{
    public bool? Starred { get; init; }

    [Description("0 for none, to 5"), Range(0, 5)]
    public int? Rating { get; init; }

    [Description("In place of all tags")]
    public IReadOnlyList<string>? Tags { get; init; }

    [Description("Tags to add")]
    public IReadOnlyList<string>? AddTags { get; init; }

    [Description("Tags to remove")]
    public IReadOnlyList<string>? RemoveTags { get; init; }

    [Description("A board's id or name; null or none takes it off its board")]
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

/// <summary>Which images; without ids the query says.</summary>
internal sealed record ZipBody([property: Description("The images' ids, at most 1000")] IReadOnlyList<string>? Ids);

/// <summary>What to import: files of a form, or a folder.</summary>
internal sealed record ImportBody
{
    [Description("A folder inside the data directory; only for the administrator")]
    public string? Folder { get; init; }

    [Description("The board that they go to: its id or name")]
    public string? Board { get; init; }
}

/// <summary>Where settings are read from: an image or text.</summary>
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

    [Description("How many prompts, of this seed and those behind it"), Range(1, 100)]
    public int? N { get; init; }

    public long? Seed { get; init; }

    [Description("All that the template can make, at most n")]
    public bool? Combinatorial { get; init; }

    [Description("Names of styles to put around it first")]
    public IReadOnlyList<string>? Styles { get; init; }
}

/// <summary>A prompt to count.</summary>
internal sealed record CountTokensBody
{
    public required string Prompt { get; init; }

    [Description("Whose text encoder reads it: a model's id")]
    public string? Model { get; init; }

    [Description("Names of styles to put around it first")]
    public IReadOnlyList<string>? Styles { get; init; }
}

/// <summary>A style's words; {prompt} in them is where the prompt goes.</summary>
internal sealed record StyleBody(string? Prompt, string? NegativePrompt);
