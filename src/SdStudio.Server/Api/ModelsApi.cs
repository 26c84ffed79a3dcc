using SdStudio.Server.Api.Description;
using SdStudio.Server.Models;

namespace SdStudio.Server.Api;

/// <summary><c>GET /api/models</c>.</summary>
internal static class ModelsApi
{
    public static void MapModelsApi(this IEndpointRouteBuilder api) =>
        api.MapGet("/models", (ModelCatalogue catalogue, ModelCache cache) => Results.Json(
            new ModelsAnswer(
                [.. catalogue.Models.Select(model => ToAnswer(model, cache))], catalogue.Default?.Id,
                new DefaultModelsAnswer(catalogue.DefaultTextToImage?.Id, catalogue.DefaultImageToImage?.Id)),
            ApiJson.Readable.ModelsAnswer)).Gives<ModelsAnswer>("Models", "The models of the catalogue with the state of their files");

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
