using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>OpenAI's API: <c>/v1/images/generations</c>, <c>edits</c>, <c>variations</c>, <c>/v1/videos</c> and <c>/v1/models</c>.</summary>
internal static class OpenAiApi
{
    /// <summary>What the surface needs.</summary>
    public static IServiceCollection AddOpenAiApi(this IServiceCollection services) => services
        .AddSingleton<IErrorShape, OpenAiErrors>().AddSingleton<OpenAiGenerator>().AddSingleton<OpenAiVideos>().AddSingleton<OpenAiStream>();

    public static void MapOpenAiApi(this IEndpointRouteBuilder root)
    {
        RouteGroupBuilder api = root.MapGroup("/v1");
        foreach ((string path, string type) in new[] { ("generations", JobType.Generate), ("edits", JobType.Edit), ("variations", JobType.Variation) })
        {
            api.MapPost($"/images/{path}", (HttpContext context, OpenAiGenerator generator) => generator.GenerateAsync(context, type)).RequireJobRateLimit();
            // SillyTavern asks this way whether somebody is there.
            api.MapMethods($"/images/{path}", [HttpMethods.Options], () => Results.NoContent());
        }

        api.MapOpenAiVideos();
        api.MapGet("/models", (ClientModels models) => A1111Responses.Json(new JsonObject
        {
            ["object"] = "list",
            ["data"] = A1111Responses.List(models.All.Select(model => Model(model, models))),
        }));
        // Names may have slashes.
        api.MapGet("/models/{**id}", (string id, ClientModels models) =>
            A1111Responses.Json(Model(models.Find(id) ?? models.Find(RequestQuery.WithSlashes(id)) ?? (ClientModels.IsOpenAiName(id) ? models.FindForOpenAi(id, fromImage: false) : null) ?? throw OpenAiRequest.UnknownModel(id), models)));
    }

    private static JsonObject Model(ModelDefinition model, ClientModels models) => new()
    {
        ["id"] = model.Id,
        ["object"] = "model",
        ["created"] = File.Exists(model.MainFile) ? new DateTimeOffset(File.GetLastWriteTimeUtc(model.MainFile)).ToUnixTimeSeconds() : 0,
        ["owned_by"] = "sdstudio",
        ["name"] = models.TitleOf(model),
        ["description"] = model.Description,
        ["capabilities"] = A1111Responses.List(model.Capabilities.Select(capability => (JsonNode)capability)),
    };
}
