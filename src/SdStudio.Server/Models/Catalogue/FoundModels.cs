using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>
/// Checkpoints that lie in the folder of models and stand in no file of the catalogue: each is a model with what its family draws well
/// with. Parts (a denoiser alone, a text encoder) need an entry that puts them together.
/// </summary>
internal static class FoundModels
{
    private static readonly string[] Extensions = [".gguf", ".safetensors"];

    // Sides, steps and cfg scale as the families' authors give them.
    private static readonly Dictionary<ModelFamily, (int Side, int Steps, double CfgScale)> Usual = new()
    {
        [ModelFamily.Sd1] = (512, 20, 7), [ModelFamily.Sd2] = (768, 20, 7), [ModelFamily.Sdxl] = (1024, 25, 6), [ModelFamily.Sd3] = (1024, 28, 4.5),
        [ModelFamily.Flux] = (1024, 20, 1), [ModelFamily.Flux2] = (1024, 20, 1), [ModelFamily.QwenImage] = (1024, 20, 2.5), [ModelFamily.ZImage] = (1024, 9, 1),
        [ModelFamily.Chroma] = (1024, 26, 4),
    };

    public static IEnumerable<string> FilesOf(string folder) => Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3 })
        .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);

    public static CatalogueSnapshot AddTo(CatalogueSnapshot catalogue, string folder, ModelFileCache facts)
    {
        HashSet<string> known = [.. catalogue.Models.Values.SelectMany(model => model.Files).Select(file => file.FullPath)];
        var models = new Dictionary<string, ModelDefinition>(catalogue.Models, StringComparer.Ordinal);
        foreach (string file in FilesOf(folder).Where(file => !known.Contains(file)))
        {
            if (Read(file, Path.GetRelativePath(folder, file), facts) is { } model)
                models.TryAdd(model.Id, model);
        }

        return catalogue with
        {
            Models = models,
            Default = catalogue.Default ?? models.Values.FirstOrDefault(),
            DefaultTextToImage = catalogue.DefaultTextToImage ?? models.Values.FirstOrDefault(),
            DefaultImageToImage = catalogue.DefaultImageToImage ?? models.Values.FirstOrDefault(),
        };
    }

    private static ModelDefinition? Read(string path, string written, ModelFileCache facts)
    {
        if (facts.Of(ModelFileCache.At(path)) is not { Role: ModelRole.Checkpoint } info || !Usual.TryGetValue(info.Family, out (int Side, int Steps, double CfgScale) usual))
            return null;
        string name = Path.GetFileNameWithoutExtension(path);
        return new ModelDefinition
        {
            Id = name.ToLowerInvariant().Replace(' ', '-'),
            Name = name,
            Description = $"Found in the folder of models: {info.Family}",
            Capabilities = ["text-to-image", "image-to-image"],
            Options = new DiffusionModelOptions { ModelPath = path },
            Files = [new ModelFileEntry("models/" + written.Replace('\\', '/'), path)],
            DefaultSize = new ImageSize(usual.Side, usual.Side),
            Defaults = GenerationDefaults.Of(("steps", (long)usual.Steps), ("cfg_scale", usual.CfgScale)),
            SupportsNegativePrompt = usual.CfgScale > 1,
        };
    }
}
