using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace SdStudio.Server.Http.OpenApi;

/// <summary>Describes operations by what their endpoints say of themselves.</summary>
internal static class ApiDescriptionOperations
{
    /// <summary>HEAD is there wherever GET is, and the clients' surfaces are there twice: each is described once.</summary>
    public static bool IsDescribed(Microsoft.AspNetCore.Mvc.ApiExplorer.ApiDescription description)
    {
        if (description.HttpMethod == HttpMethods.Head || description.HttpMethod == HttpMethods.Options)
            return false;
        string path = description.RelativePath ?? "";
        bool isTwin = path.StartsWith("api/", StringComparison.Ordinal) && ApiDescriptionClients.IsClientPath(path["api/".Length..]);
        return !isTwin && (!ApiDescriptionClients.IsClientPath(path) || ApiDescriptionClients.Find(description) is not null);
    }

    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        foreach (object metadata in context.Description.ActionDescriptor.EndpointMetadata)
        {
            switch (metadata)
            {
                case QueryParameter query:
                    (operation.Parameters ??= []).Add(new OpenApiParameter
                    {
                        Name = query.Name, In = ParameterLocation.Query, Description = query.Text, Schema = SchemaOf(query),
                    });
                    break;
                case FileAnswer file when operation.Responses is { } responses && responses["200"] is OpenApiResponse response:
                    string? format = file.ContentType.StartsWith("text/", StringComparison.Ordinal) ? null : "binary";
                    response.Content = new Dictionary<string, OpenApiMediaType>
                    {
                        [file.ContentType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = format } },
                    };
                    break;
                case FileRequest file:
                    operation.RequestBody = new OpenApiRequestBody
                    {
                        Required = true,
                        Content = new Dictionary<string, OpenApiMediaType> { [file.ContentType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } },
                    };
                    break;
                case RequestExample example:
                    Put(operation.RequestBody?.Content, example.Json);
                    break;
                case ResponseExample example:
                    Put(operation.Responses?["200"].Content, example.Json);
                    break;
                default:
                    break;
            }
        }

        return Task.CompletedTask;
    }

    private static OpenApiSchema SchemaOf(QueryParameter query) => new()
    {
        Type = query.Range is not null ? JsonSchemaType.Integer : query.IsFlag ? JsonSchemaType.Boolean : JsonSchemaType.String,
        Format = query.Range is null ? null : "int32",
        Minimum = query.Range?.Min.ToString(CultureInfo.InvariantCulture),
        Maximum = query.Range?.Max.ToString(CultureInfo.InvariantCulture),
        Enum = query.Allowed is null ? null : [.. query.Allowed.Select(value => (JsonNode)JsonValue.Create(value))],
        Default = query.Default switch
        {
            int number => JsonValue.Create(number),
            bool flag => JsonValue.Create(flag),
            string text => JsonValue.Create(text),
            _ => null,
        },
    };

    private static void Put(IDictionary<string, OpenApiMediaType>? content, string json)
    {
        if (content is not null && content.TryGetValue("application/json", out OpenApiMediaType? type))
            type.Example = JsonNode.Parse(json);
    }
}
