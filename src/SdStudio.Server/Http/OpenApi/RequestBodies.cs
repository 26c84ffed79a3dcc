using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace SdStudio.Server.Http.OpenApi;

// What requests may contain, for the API description only: requests are read leniently by RequestFields, which says what is wrong with
// every field at once. A test sends each of these fields and what lies just outside its range.

/// <summary>Text-to-image. Its fields are rows of the table of parameters, as are those of the next three: <see cref="ParameterSchemas"/>.</summary>
internal sealed record GenerateBody;

/// <summary>Image-to-image; as a form with files, or as JSON with base64.</summary>
internal sealed record EditBody;

/// <summary>Image-to-image that needs no prompt.</summary>
internal sealed record VariationBody;

/// <summary>Upscaling.</summary>
internal sealed record UpscaleBody;

/// <summary>A model to fetch.</summary>
internal sealed record DownloadBody([property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId);

/// <summary>A model to convert.</summary>
internal sealed record ConvertBody(
    [property: Description("A model's id"), JsonPropertyName("modelId")] string ModelId,
    [property: Description("The engine's name of a weight type: f32, f16, bf16, q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1, q4_0, q3_K or q2_K")] string Type);

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
