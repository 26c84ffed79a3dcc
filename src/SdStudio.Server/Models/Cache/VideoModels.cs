using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Models.Cache;

/// <summary>Which models make videos, and what their frames take.</summary>
internal sealed class VideoModels(ModelCatalogue catalogue, ModelFileCache files, ModelCache cache)
{
    // Three colours: as the engine decodes them (four bytes each), as it returns them and as they are written.
    private const int BytesPerPixel = 3 * (4 + 1 + 1);

    /// <summary>Whether a model makes videos: its entry says so, or its file is of a family that does.</summary>
    public bool Makes(ModelDefinition model) => model.Remote is null && model.Unsupported is null
        && (model.SaysVideo || (model.Files.Count > 0 && files.Of(ModelFileCache.At(model.MainFile)) is { } info && Parameters.VideoFamilies.Contains(info.Family)));

    /// <summary>The one that makes them where none is named: the first that has its files; null for none.</summary>
    public ModelDefinition? Usual => catalogue.Models.FirstOrDefault(model => model.IsThere && Makes(model));

    /// <summary>Those that do, as the end of a sentence.</summary>
    public string Those()
    {
        List<ModelDefinition> all = [.. catalogue.Models.Where(Makes)];
        List<string> there = [.. all.Where(model => model.IsThere).Select(model => model.Id)];
        return there.Count > 0 ? $"models that do: {string.Join(", ", there)}"
            : all.Count > 0 ? $"these do, and can be fetched with POST /api/models/download: {string.Join(", ", all.Select(model => model.Id))}"
            : "no model of this server does";
    }

    /// <summary>Why the frames of a video have no room beside its model, with the numbers; null when they have.</summary>
    /// <param name="model">That makes them.</param>
    /// <param name="pixels">Of all frames.</param>
    public string? CannotHold(ModelDefinition model, long pixels)
    {
        ModelMemory budget = cache.Budget;
        // Before the devices are known nothing is.
        if (budget == default || !model.IsThere)
            return null;
        var frames = new ModelMemory(pixels * BytesPerPixel, 0);
        ModelMemory weights = cache.Needed(model, model.FileInfos()).Memory;
        return (weights + frames).FitsIn(budget) ? null : $"its frames take {frames} and the model {weights}, and there is memory for {budget}";
    }
}
