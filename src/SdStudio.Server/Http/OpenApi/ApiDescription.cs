using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;

namespace SdStudio.Server.Http.OpenApi;

/// <summary>The API for people and programs that read: <c>/openapi/v1.json</c> and a page at <c>/docs</c>, both without the internet.</summary>
internal static class ApiDescription
{
    private const string KeyScheme = "ApiKey";
    private const string BearerScheme = "Bearer";

    public static void AddApiDescription(this IServiceCollection services)
    {
        // The description is made with these options; answers are written with the same names.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.PropertyNameCaseInsensitive = false;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Readable);
        });
        services.AddOpenApi("v1", options =>
        {
            // HEAD is there wherever GET is.
            options.ShouldInclude = description => description.HttpMethod != HttpMethods.Head;
            options.AddDocumentTransformer(Introduce);
            options.AddOperationTransformer(AddExamples);
            options.AddSchemaTransformer(ListAllowedValues);
            options.AddSchemaTransformer((schema, context, _) =>
            {
                ParameterSchemas.FillBody(schema, context);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer((operation, context, _) =>
            {
                ParameterSchemas.DescribeForm(operation, context);
                return Task.CompletedTask;
            });
        });
    }

    public static void MapApiDescription(this IEndpointRouteBuilder app)
    {
        app.MapOpenApi();
        app.MapScalarApiReference("/docs", page => page
            .WithTitle("SdStudio API").DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideClientButton());
    }

    private static Task Introduce(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellation)
    {
        document.Info = new OpenApiInfo
        {
            Title = "SdStudio",
            Version = "v1",
            Description =
                "Draws with image models on this machine. Synchronous requests wait up to five minutes and are answered with 202 and the job's id " +
                "after that. Every error is {\"error\": \"…\"}. Events come over the WebSocket /ws and as server-sent events from /api/events.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            [KeyScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-API-Key" },
        };
        document.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, document)] = [] },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, document)] = [] },
        ];
        return Task.CompletedTask;
    }

    private static Task ListAllowedValues(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        object[] allowed = context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: false) ?? [];
        foreach (AllowedValuesAttribute values in allowed.OfType<AllowedValuesAttribute>())
            schema.Enum = [.. values.Values.Select(value => value is int number ? JsonValue.Create(number) : JsonValue.Create(value?.ToString() ?? ""))];
        return Task.CompletedTask;
    }

    private static Task AddExamples(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        foreach (object metadata in context.Description.ActionDescriptor.EndpointMetadata)
        {
            switch (metadata)
            {
                case QueryParameter query:
                    operation.Parameters ??= [];
                    operation.Parameters.Add(new OpenApiParameter
                    {
                        Name = query.Name, In = ParameterLocation.Query, Description = query.Text, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                    });
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

    private static void Put(IDictionary<string, OpenApiMediaType>? content, string json)
    {
        if (content is not null && content.TryGetValue("application/json", out OpenApiMediaType? type))
            type.Example = JsonNode.Parse(json);
    }
}

/// <summary>A field of an endpoint's query.</summary>
internal sealed record QueryParameter(string Name, string Text);

/// <summary>A request that works.</summary>
internal sealed record RequestExample(string Json);

/// <summary>An answer as it comes.</summary>
internal sealed record ResponseExample(string Json);

/// <summary>Says of endpoints what they take and give.</summary>
internal static class EndpointDescription
{
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="group">Where it stands in the description.</param>
    /// <param name="summary">What it does.</param>
    /// <param name="errors">Its statuses of failure, beside 401.</param>
    public static RouteHandlerBuilder Gives<TAnswer>(this RouteHandlerBuilder endpoint, string group, string summary, params ReadOnlySpan<int> errors)
    {
        endpoint.WithTags(group).WithSummary(summary).Produces<TAnswer>(StatusCodes.Status200OK, "application/json").Fails(StatusCodes.Status401Unauthorized);
        foreach (int status in errors)
            endpoint.Fails(status);
        return endpoint;
    }

    public static RouteHandlerBuilder GivesFile(this RouteHandlerBuilder endpoint, string group, string summary, string type, params ReadOnlySpan<int> errors)
    {
        endpoint.WithTags(group).WithSummary(summary).Produces(StatusCodes.Status200OK, contentType: type).Fails(StatusCodes.Status401Unauthorized);
        foreach (int status in errors)
            endpoint.Fails(status);
        return endpoint;
    }

    public static RouteHandlerBuilder Asks(this RouteHandlerBuilder endpoint, params ReadOnlySpan<(string Name, string Text)> query)
    {
        foreach ((string name, string text) in query)
            endpoint.WithMetadata(new QueryParameter(name, text));
        return endpoint;
    }

    private static RouteHandlerBuilder Fails(this RouteHandlerBuilder endpoint, int status) => endpoint.Produces<ErrorResponse>(status, "application/json");
}
