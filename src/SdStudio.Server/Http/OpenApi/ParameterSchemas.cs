using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.OpenApi;

/// <summary>Describes the bodies of requests by the table of parameters, with the limits that are in force.</summary>
internal static class ParameterSchemas
{
    private static readonly Dictionary<Type, string> JobTypeOf = new()
    {
        [typeof(GenerateBody)] = JobType.Generate, [typeof(EditBody)] = JobType.Edit, [typeof(VariationBody)] = JobType.Variation, [typeof(UpscaleBody)] = JobType.Upscale,
        [typeof(VideoBody)] = JobType.Video,
    };

    private static readonly string[] SideNames = ["left", "top", "right", "bottom"];

    // Of the clients' surfaces: what stands in their types is theirs, and the rows of the table follow under the names that they have there.
    private static readonly Dictionary<Type, (string JobType, bool IsForm, Func<Parameter, string?> NameOf)> ClientBodies = new()
    {
        [typeof(A1111TextToImageBody)] = (JobType.Generate, false, parameter => parameter.A1111),
        [typeof(A1111ImageToImageBody)] = (JobType.Edit, false, parameter => parameter.A1111),
        [typeof(OpenAiGenerationBody)] = (JobType.Generate, false, parameter => parameter.Name),
        [typeof(OpenAiEditForm)] = (JobType.Edit, true, parameter => parameter.Name),
    };

    /// <summary>Fills the schema of a body of JSON.</summary>
    public static void FillBody(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        if (context.JsonPropertyInfo is null && JobTypeOf.TryGetValue(context.JsonTypeInfo.Type, out string? jobType))
            Fill(schema, jobType, isForm: false, context.ApplicationServices.GetRequiredService<LiveLimits>().Now);
        if (context.JsonPropertyInfo is null && ClientBodies.TryGetValue(context.JsonTypeInfo.Type, out (string JobType, bool IsForm, Func<Parameter, string?> NameOf) client))
        {
            foreach (Parameter parameter in Parameters.Of(client.JobType))
            {
                if (client.NameOf(parameter) is { } name)
                    schema.Properties!.TryAdd(name, Of(parameter, isRequired: false, client.IsForm, context.ApplicationServices.GetRequiredService<LiveLimits>().Now));
            }
        }

        if (context.JsonPropertyInfo is null && context.JsonTypeInfo.Type == typeof(PresetBody))
        {
            schema.Properties = Parameters.All.Where(Presets.Keeps).ToDictionary(
                parameter => parameter.Name, IOpenApiSchema (parameter) => Of(parameter, isRequired: false, isForm: false, context.ApplicationServices.GetRequiredService<LiveLimits>().Now));
        }

        if (context.JsonPropertyInfo is null && context.JsonTypeInfo.Type == typeof(Rest.ParametersResponse))
        {
            foreach (Parameter parameter in Rest.ParameterValues.Rows)
                schema.Properties![parameter.Name] = Of(parameter, isRequired: false, isForm: false, context.ApplicationServices.GetRequiredService<LiveLimits>().Now);
        }

        // A parameter's default, which is of the parameter's own type.
        if (context.JsonPropertyInfo is null && context.JsonTypeInfo.Type == typeof(JsonNode))
            schema.Type = JsonSchemaType.String | JsonSchemaType.Integer | JsonSchemaType.Number | JsonSchemaType.Boolean;
    }

    /// <summary>
    /// Describes the JSON of an operation, and its form in a sentence: of two kinds of bodies generated clients make one method with the
    /// parameters of both, which can send neither.
    /// </summary>
    public static void DescribeForm(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        Type? body = context.Description.ActionDescriptor.EndpointMetadata.OfType<IAcceptsMetadata>().FirstOrDefault()?.RequestType;
        if (body is null || !JobTypeOf.TryGetValue(body, out string? jobType) || operation.RequestBody?.Content is not { } content)
            return;
        foreach (string form in content.Keys.Where(type => type != "application/json").ToArray())
            content.Remove(form);
        operation.Description = jobType == JobType.Generate
            ? "A form (multipart/form-data) with the same fields is taken as well."
            : "A form (multipart/form-data) with the same fields is taken as well; image and mask are files in it, and base64 or data URLs in JSON.";
    }

    /// <summary>The schema of a parameter's values.</summary>
    public static OpenApiSchema Of(Parameter parameter, bool isRequired, bool isForm, ParameterLimits limits)
    {
        (double Min, double Max)? range = parameter.Range?.Invoke(limits);
        var schema = new OpenApiSchema
        {
            // In words: makers of TypeScript clients take a field with a default for one that every request has.
            Description = parameter.Default is { } usual ? $"{parameter.Help} (default: {(parameter.OfModel ? "the model's own, else " : "")}{InfotextReader.ToJson(usual)})" : parameter.Help,
            Type = TypeOf(parameter.Kind) | (isRequired || isForm ? 0 : JsonSchemaType.Null),
            Format = FormatOf(parameter, isForm),
        };
        switch (parameter.Kind)
        {
            case ParameterKind.Text when range is not null:
                schema.MaxLength = (int)range.Value.Max;
                break;
            case ParameterKind.Choice when !parameter.ChoicesAreTheEngines:
                schema.Enum = [.. parameter.Choices!(limits).Select(choice => (JsonNode)JsonValue.Create(choice))];
                break;
            case ParameterKind.Size:
                schema.Pattern = "^(auto|[0-9]+x[0-9]+)$";
                break;
            case ParameterKind.Integer or ParameterKind.Number:
                SetRange(schema, range);
                break;
            case ParameterKind.Integers:
                schema.Items = new OpenApiSchema { Type = JsonSchemaType.Integer };
                schema.MaxItems = Parameter.MaxIntegers;
                SetRange((OpenApiSchema)schema.Items, range);
                break;
            case ParameterKind.Sides:
                schema.Properties = SideNames.ToDictionary(side => side, IOpenApiSchema (_) => Side(range));
                break;
            case ParameterKind.Images:
                schema.Items = new OpenApiSchema { Type = JsonSchemaType.String, Format = isForm ? "binary" : "byte" };
                break;
            case ParameterKind.Controls:
                schema.Items = Control();
                break;
            case ParameterKind.Identity:
                schema.Required = new HashSet<string> { "model" };
                schema.Properties = IdentityProperties();
                break;
            case ParameterKind.Texts:
                schema.Items = new OpenApiSchema { Type = JsonSchemaType.String };
                break;
            case ParameterKind.Loras:
                schema.Items = Lora();
                schema.MaxItems = LoraReader.MaxLoras;
                break;
            default:
                break;
        }

        return schema;
    }

    private static void Fill(OpenApiSchema schema, string jobType, bool isForm, ParameterLimits limits)
    {
        schema.Properties = new Dictionary<string, IOpenApiSchema>();
        schema.Required = new HashSet<string>();
        foreach (Parameter parameter in Parameters.Of(jobType))
        {
            bool isRequired = parameter.Required.HasFlag(Parameters.TypeOf(jobType));
            schema.Properties[parameter.Name] = Of(parameter, isRequired, isForm, limits);
            if (isRequired)
                schema.Required.Add(parameter.Name);
        }
    }

    private static JsonSchemaType TypeOf(ParameterKind kind) => kind switch
    {
        ParameterKind.Integer => JsonSchemaType.Integer,
        ParameterKind.Number => JsonSchemaType.Number,
        ParameterKind.Flag => JsonSchemaType.Boolean,
        ParameterKind.Integers or ParameterKind.Texts or ParameterKind.Loras or ParameterKind.Images or ParameterKind.Controls => JsonSchemaType.Array,
        ParameterKind.Sides or ParameterKind.Identity => JsonSchemaType.Object,
        _ => JsonSchemaType.String,
    };

    private static string? FormatOf(Parameter parameter, bool isForm) => parameter.Kind switch
    {
        ParameterKind.Integer => parameter.Name == "seed" ? "int64" : "int32",
        ParameterKind.Number => "double",
        ParameterKind.Image => isForm ? "binary" : "byte",
        _ => null,
    };

    private static void SetRange(OpenApiSchema schema, (double Min, double Max)? range)
    {
        schema.Minimum = range?.Min.ToString(CultureInfo.InvariantCulture);
        schema.Maximum = range?.Max.ToString("0.################", CultureInfo.InvariantCulture);
    }

    private static OpenApiSchema Side((double Min, double Max)? range)
    {
        var schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Default = 0 };
        SetRange(schema, range);
        return schema;
    }

    private static OpenApiSchema Control() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "model" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["image"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "byte", Description = "Base64 or a data URL; default: control_image, or the input image" },
            ["model"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The name of a file in the ControlNet folder" },
            ["weight"] = new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double", Minimum = "0", Maximum = "2", Default = 1 },
            ["preprocessor"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. ControlSetting.Preprocessors.Select(name => (JsonNode)name)], Default = ControlSetting.None },
            ["low_threshold"] = new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double", Minimum = "0", Maximum = "1", Description = "For canny" },
            ["high_threshold"] = new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double", Minimum = "0", Maximum = "1", Description = "For canny" },
        },
    };

    private static Dictionary<string, IOpenApiSchema> IdentityProperties() => new()
    {
        ["model"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The name of a file in the folder identities" },
        ["images"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Array, Description = "Base64 or data URLs", Items = new OpenApiSchema { Type = JsonSchemaType.String, Format = "byte" },
        },
        ["person"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Instead of images: a person of the folder people; without either, the first <ref:alice> of the prompt" },
        ["embedding"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "For PuLID: the name of a file in the folder identities; default: person" },
        ["strength"] = new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double", Minimum = "0", Maximum = "2", Default = 1 },
    };

    private static OpenApiSchema Lora() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "name" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["name"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The file's name, with or without its extension" },
            ["weight"] = new OpenApiSchema { Description = "1 without it", Type = JsonSchemaType.Number, Format = "double", Minimum = "-100", Maximum = "100" },
        },
    };
}
