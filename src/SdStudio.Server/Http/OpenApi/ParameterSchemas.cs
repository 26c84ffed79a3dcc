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
    };

    /// <summary>Fills the schema of a body of JSON.</summary>
    public static void FillBody(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        if (context.JsonPropertyInfo is null && JobTypeOf.TryGetValue(context.JsonTypeInfo.Type, out string? jobType))
            Fill(schema, jobType, isForm: false, context.ApplicationServices.GetRequiredService<LiveLimits>().Now);
        if (context.JsonPropertyInfo is null && context.JsonTypeInfo.Type == typeof(Rest.ParametersResponse))
        {
            foreach (Parameter parameter in Rest.ParameterValues.Rows)
                schema.Properties![parameter.Name] = Of(parameter, isRequired: false, isForm: false, context.ApplicationServices.GetRequiredService<LiveLimits>().Now);
        }

        // A default is of the type of its parameter.
        if (context.JsonPropertyInfo is { Name: "default" } property && property.DeclaringType == typeof(Rest.ParameterResponse))
            schema.Type = JsonSchemaType.String | JsonSchemaType.Integer | JsonSchemaType.Number | JsonSchemaType.Boolean | JsonSchemaType.Null;
    }

    /// <summary>Gives the form of an operation a schema of its own: a file is binary there and base64 in JSON.</summary>
    public static void DescribeForm(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        Type? body = context.Description.ActionDescriptor.EndpointMetadata.OfType<IAcceptsMetadata>().FirstOrDefault()?.RequestType;
        if (body is null || !JobTypeOf.TryGetValue(body, out string? jobType) || operation.RequestBody?.Content is not { } content)
            return;
        string name = body.Name.Replace("Body", "Form", StringComparison.Ordinal);
        foreach (OpenApiMediaType form in content.Where(type => type.Key.Contains("form", StringComparison.Ordinal)).Select(type => type.Value))
        {
            var schema = new OpenApiSchema { Type = JsonSchemaType.Object };
            Fill(schema, jobType, isForm: true, context.ApplicationServices.GetRequiredService<LiveLimits>().Now);
            context.Document!.AddComponent(name, schema);
            form.Schema = new OpenApiSchemaReference(name, context.Document);
        }
    }

    /// <summary>The schema of a parameter's values.</summary>
    public static OpenApiSchema Of(Parameter parameter, bool isRequired, bool isForm, ParameterLimits limits)
    {
        (double Min, double Max)? range = parameter.Range?.Invoke(limits);
        var schema = new OpenApiSchema
        {
            Description = parameter.Help,
            Type = TypeOf(parameter.Kind) | (isRequired || isForm ? 0 : JsonSchemaType.Null),
            Default = parameter.Default is null ? null : InfotextReader.ToJson(parameter.Default),
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
                SetRange((OpenApiSchema)schema.Items, range);
                break;
            case ParameterKind.Texts:
                schema.Items = new OpenApiSchema { Type = JsonSchemaType.String };
                break;
            case ParameterKind.Loras:
                schema.Items = Lora();
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
        ParameterKind.Integers or ParameterKind.Texts or ParameterKind.Loras => JsonSchemaType.Array,
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

    private static OpenApiSchema Lora() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "name" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["name"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The file's name, with or without its extension" },
            ["weight"] = new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double", Minimum = "-100", Maximum = "100", Default = 1 },
        },
    };
}
