using SdStudio.Server.Api.Description;
using SdStudio.Server.Models;

namespace SdStudio.Server.Api;

/// <summary>The <c>GET</c> endpoints under <c>/api/models</c>.</summary>
internal static class ModelsApi
{
    private const string Group = "Models";

    public static void MapModelsApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder models = api.MapGroup("/models");
        models.MapGet("", (ModelCatalogue catalogue, ModelCache cache) => Results.Json(
            new ModelsAnswer(
                [.. catalogue.Models.Select(model => ToAnswer(model, cache))], catalogue.Default?.Id,
                new DefaultModelsAnswer(catalogue.DefaultTextToImage?.Id, catalogue.DefaultImageToImage?.Id)),
            ApiJson.Readable.ModelsAnswer)).Gives<ModelsAnswer>(Group, "The models of the catalogue with the state of their files");
        models.MapGet("/running", (ModelCatalogue catalogue, ModelCache cache) => Results.Json(
            catalogue.Models.Where(model => cache.StatusOf(model.Id) == "running")
                .Select(model => new RunningModelAnswer(model.Id, model.Name, model.Port, "running")).ToList(),
            ApiJson.Readable.ListRunningModelAnswer)).Gives<List<RunningModelAnswer>>(Group, "The models that need no loading");
        models.MapGet("/downloaded", (ModelCatalogue catalogue) => Results.Json(
            new DownloadedModelsAnswer(
                [.. catalogue.Models.Select(model => new DownloadedModelAnswer(model.Id, model.Name, ToAnswer(model.Files)))
                    .Where(model => model.FileStatus.AllFilesExist)]),
            ApiJson.Readable.DownloadedModelsAnswer)).Gives<DownloadedModelsAnswer>(Group, "The models whose files are all there");
        models.MapGet("/{id}", (string id, ModelCatalogue catalogue, ModelCache cache) => catalogue.Find(id) is { } model
            ? Results.Json(ToAnswer(model, cache), ApiJson.Readable.ModelAnswer)
            : NotFound()).Gives<ModelAnswer>(Group, "One model with the state of its files", 404);
        models.MapGet("/{id}/status", (string id, ModelCatalogue catalogue, ModelCache cache) => catalogue.Find(id) is { } model
            ? Results.Json(new ModelStatusAnswer(model.Id, cache.StatusOf(model.Id), model.Port), ApiJson.Readable.ModelStatusAnswer)
            : NotFound()).Gives<ModelStatusAnswer>(Group, "Whether a model is stopped, starting or running", 404);
        models.MapGet("/{id}/files/status", (string id, ModelCatalogue catalogue) => catalogue.Find(id) is { } model
            ? Results.Json(ToAnswer(model.Files), ApiJson.Readable.FileStatusAnswer)
            : NotFound()).Gives<FileStatusAnswer>(Group, "Which files of a model are there", 404);
    }

    private static IResult NotFound() => ApiErrors.NotFound("Model not found");

    private static ModelAnswer ToAnswer(ModelDefinition model, ModelCache cache) => new(
        model.Id, model.Name, model.Description, model.Capabilities, model.ExecMode, model.Mode, model.Port, cache.StatusOf(model.Id),
        ToAnswer(model.Files),
        model.HuggingFaceRepo is { } repo ? new HuggingFaceAnswer(repo) : null,
        model.DefaultSize.ToString(),
        new GenerationParamsAnswer(model.DefaultCfgScale, model.DefaultSteps, model.DefaultSampler),
        model.SupportsNegativePrompt);

    private static FileStatusAnswer ToAnswer(IReadOnlyList<ModelFileEntry> files)
    {
        List<ModelFileAnswer> answers =
            [.. files.Select(file => new ModelFileAnswer(Path.GetFileName(file.Written), File.Exists(file.FullPath), file.Written))];
        return new FileStatusAnswer(answers.Count > 0 && answers.TrueForAll(file => file.Exists), answers);
    }
}
