using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Http.Nodes;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/models</c>: what there is, what is loaded, loading and freeing.</summary>
internal static class ModelsApi
{
    private const string Group = "Models";

    public static void MapModelsApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder models = api.MapGroup("/models");
        models.MapGet("", ListAsync).Describe("listModels", Group, "The models of the catalogue: what each needs, and the state of its files");
        models.MapGet("/running", (ModelCatalogue catalogue, ModelCache cache) => TypedResults.Ok(
            catalogue.Models.Where(model => cache.StatusOf(model.Id) == "running")
                .Select(model => new RunningModelResponse(model.Id, model.Name, model.Port, "running")).ToList())).Describe("listRunningModels", Group, "The models in memory");
        models.MapGet("/downloaded", (ModelCatalogue catalogue, ModelViews views) => TypedResults.Ok(
            new DownloadedModelsResponse(
                [.. catalogue.Models.Select(model => new DownloadedModelResponse(model.Id, model.Name, views.FilesOf(model)))
                    .Where(model => model.FileStatus.AllFilesExist)]))).Describe("listDownloadedModels", Group, "The models whose files are complete");
        models.MapGet("/{id}", GetAsync).Describe("getModel", Group, "One model: what it needs, and the state of its files");
        models.MapGet("/{id}/preview", (string id, ModelCatalogue catalogue, PreviewFiles previews, HttpContext context) =>
                previews.AnswerAsync(Find(id, catalogue) is { Files.Count: > 0 } model ? model.MainFile : null, context))
            .ProducesFile("getModelPreview", Group, "The example image of a model", "image/webp", 404);
        models.MapGet("/{id}/status", Results<Ok<ModelStatusResponse>, NotFound<ErrorResponse>> (string id, ModelCatalogue catalogue, ModelCache cache) => Find(id, catalogue) is { } model
            ? TypedResults.Ok(new ModelStatusResponse(model.Id, cache.StatusOf(model.Id), model.Port))
            : NotFound()).Describe("getModelStatus", Group, "Whether a model is stopped, starting, running or failed to load");
        models.MapGet("/{id}/files/status", Results<Ok<FileStatusResponse>, NotFound<ErrorResponse>> (string id, ModelCatalogue catalogue, ModelViews views) => Find(id, catalogue) is { } model
            ? TypedResults.Ok(views.FilesOf(model))
            : NotFound()).Describe("getModelFiles", Group, "Which files of a model exist");
        models.MapPost("/{id}/start", StartAsync).RequireAdministrator().ProducesJson<StartedModelResponse>("startModel", Group, "Starts loading a model", 404, 409)
            .WithQuery(QueryParameter.Flag("pin", "Keeps the model loaded until it is stopped")).OnAnyNode();
        models.MapPost("/{id}/stop", StopAsync).RequireAdministrator().Describe("stopModel", Group, "Unloads a model at once, or when its current image is finished; on every machine, or on the given one").OnAnyNode();
    }

    private static async Task<Ok<ModelsResponse>> ListAsync(HttpRequest request, ModelCatalogue catalogue, ModelViews views, NodeModels nodes)
    {
        List<ModelResponse> models = await views.OfAsync(catalogue.Models, request.HttpContext.RequestAborted);
        return TypedResults.Ok(
            new ModelsResponse(await nodes.MergedAsync(models, request), catalogue.Default?.Id, new DefaultModelsResponse(catalogue.DefaultTextToImage?.Id, catalogue.DefaultImageToImage?.Id), views.MemoryInUse()));
    }

    private static async Task<Results<Ok<ModelResponse>, NotFound<ErrorResponse>>> GetAsync(string id, HttpRequest request, ModelCatalogue catalogue, ModelViews views, NodeModels nodes)
    {
        List<ModelResponse> own = Find(id, catalogue) is { } model ? await views.OfAsync([model], request.HttpContext.RequestAborted) : [];
        string known = own is [{ } one] ? one.Id : RequestQuery.WithSlashes(id);
        return (await nodes.MergedAsync(own, request)).FirstOrDefault(merged => merged.Id == known) is { } found ? TypedResults.Ok(found) : NotFound();
    }

    private static async Task<IResult> StartAsync(string id, HttpRequest request, ModelCatalogue catalogue, ModelCache cache, ModelViews views, NodeCalls calls, OtherNodes others)
    {
        ModelDefinition? model = Find(id, catalogue);
        // Where it cannot be here, it is where it can.
        NodeState? other = NodeCalls.IsFromNode(request) || new RequestQuery(request).Text(NodeEndpoints.Field) is not null ? null : others.WithRoomFor(model?.Id ?? RequestQuery.WithSlashes(id));
        if (model is null)
            return other is null ? (IResult)NotFound() : await calls.ForwardAsync(request.HttpContext, other);
        bool isWarm = cache.StatusOf(model.Id) == "running";
        if (!isWarm && (WhyNot(model, views) ?? cache.CannotFit(model)) is { } reason)
            return other is null ? (IResult)ApiErrors.Conflict(reason) : await calls.ForwardAsync(request.HttpContext, other);
        if (model.Remote is null)
            cache.Begin(model, new RequestQuery(request).Flag("pin"));
        return TypedResults.Ok(new StartedModelResponse(Success: true, isWarm || model.Remote is not null ? "running" : "starting", model.Port));
    }

    private static async Task<Results<Ok<StoppedModelResponse>, NotFound<ErrorResponse>>> StopAsync(string id, HttpRequest request, ModelCatalogue catalogue, ModelCache cache, NodeCalls calls, OtherNodes others)
    {
        ModelDefinition? model = Find(id, catalogue);
        if (model is not null)
            await cache.StopAsync(model);
        bool isKnown = model is not null;
        if (!NodeCalls.IsFromNode(request) && new RequestQuery(request).Text(NodeEndpoints.Field) is null)
        {
            foreach (NodeState other in others.Alive.Where(node => node.Address is not null))
                isKnown |= await calls.TryStopAsync(other, id, request.HttpContext.RequestAborted);
        }

        if (!isKnown)
            return NotFound();
        return TypedResults.Ok(new StoppedModelResponse(Success: true, "stopped"));
    }

    private static ModelDefinition? Find(string id, ModelCatalogue catalogue) => catalogue.Find(id) ?? catalogue.Find(RequestQuery.WithSlashes(id));

    private static string? WhyNot(ModelDefinition model, ModelViews views)
    {
        if (model.Unsupported is { } reason)
            return $"Model {model.Id} cannot generate here: {reason}";
        string missing = string.Join(", ", views.FilesOf(model).Files.Where(file => !file.Exists).Select(file => file.FilePath));
        string fetch = model.HubFiles.Count > 0 ? "; POST /api/models/download fetches what is missing" : "";
        return missing.Length == 0 ? null : $"Model {model.Id} lacks {missing}{fetch}";
    }

    private static NotFound<ErrorResponse> NotFound() => ApiErrors.NotFound("Model not found");
}
