using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.OpenApi;

/// <summary>The API for people and programs that read: <c>/openapi/v1.json</c> and a page at <c>/docs</c>, both without the internet.</summary>
internal static class ApiDescription
{
    private const string KeyScheme = "ApiKey";
    private const string BearerScheme = "Bearer";

    private static readonly (string Name, string Text)[] Groups =
    [
        ("Generate", "Images, in one request"), ("Queue", "Waiting, running and finished jobs"), ("Generations", "The history, its images and their settings"),
        ("Models", "The catalogue, models in memory, downloads and upscalers"), ("Events", "Events as they happen"), ("Logs", "The server's log"),
        ("Status", "The server and its settings"), ("Login", "The page's key as a cookie"),
        (ApiDescriptionClients.A1111, "The API of Automatic1111 and SD.Next"), (ApiDescriptionClients.OpenAi, "OpenAI's images and videos API"),
        (ApiDescriptionClients.SdServer, "The API of the engine's own server"),
    ];

    public static void AddApiDescription(this IServiceCollection services)
    {
        // Typed answers are written, and the description is made, with these options: with the names and the escapes of all other answers.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.Encoder = ApiJson.Readable.Options.Encoder;
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.PropertyNameCaseInsensitive = false;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Readable);
            json.SerializerOptions.TypeInfoResolverChain.Add(ClientBodiesJson.Default);
        });
        services.AddOpenApi("v1", options =>
        {
            options.ShouldInclude = ApiDescriptionOperations.IsDescribed;
            options.AddDocumentTransformer(Introduce);
            options.AddOperationTransformer((operation, context, _) => ApiDescriptionOperations.DescribeAsync(operation, context));
            options.AddOperationTransformer(ApiDescriptionClients.DescribeAsync);
            options.AddSchemaTransformer((schema, context, _) => ApiDescriptionSchemas.DescribeAsync(schema, context));
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
            License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
            Description =
                "Generates images on this machine. Synchronous requests wait up to five minutes and are answered with 202 and the job's id " +
                "after that. Every error is {\"error\": \"…\"}; under /sdapi/v1 and /v1 it has the shape that clients of those APIs expect. " +
                "Events come as server-sent events from /api/events, and over the WebSocket /ws after {\"type\": \"subscribe\", \"channel\": \"queue\"}. " +
                "/sdapi/v1 and /v1 are also available as /api/sdapi/v1 and /api/v1.",
        };
        // Paths begin with a slash.
        foreach (OpenApiServer server in document.Servers ?? [])
            server.Url = server.Url?.TrimEnd('/');
        document.Tags = new HashSet<OpenApiTag>(Groups.Select(group => new OpenApiTag { Name = group.Name, Description = group.Text }));
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
}
