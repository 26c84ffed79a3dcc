using System.Globalization;
using System.Text.RegularExpressions;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>
/// Checkpoints in the folder of models that no file of the catalogue names: each is a model with the defaults of its
/// family. Parts (a denoiser alone, a text encoder) need an entry that puts them together.
/// </summary>
internal static partial class FoundModels
{
    private const string Index = ".safetensors.index.json";
    private static readonly string[] Extensions = [".gguf", ".safetensors"];

    // Sides, steps and cfg scale as the families' authors give them.
    private static readonly Dictionary<ModelFamily, (int Side, int Steps, double CfgScale)> Usual = new()
    {
        [ModelFamily.Sd1] = (512, 20, 7), [ModelFamily.Sd2] = (768, 20, 7), [ModelFamily.Sdxl] = (1024, 25, 6), [ModelFamily.Sd3] = (1024, 28, 4.5),
        [ModelFamily.Flux] = (1024, 20, 1), [ModelFamily.Flux2] = (1024, 20, 1), [ModelFamily.QwenImage] = (1024, 20, 2.5), [ModelFamily.ZImage] = (1024, 9, 1),
        [ModelFamily.Chroma] = (1024, 26, 4),
    };

    public static IEnumerable<string> FilesOf(string folder) => FolderWalk.Files(
        folder, file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase) || file.EndsWith(Index, StringComparison.OrdinalIgnoreCase));

    /// <param name="catalogue">What the files of the catalogue say.</param>
    /// <param name="folder">The folder of models.</param>
    /// <param name="facts">What files are.</param>
    /// <param name="note">Called with files that are not what their name says.</param>
    public static CatalogueSnapshot AddTo(CatalogueSnapshot catalogue, string folder, ModelFileCache facts, Action<string> note)
    {
        HashSet<string> known = [.. catalogue.Models.Values.SelectMany(model => model.Files).Select(file => file.FullPath)];
        var models = new Dictionary<string, ModelDefinition>(catalogue.Models, StringComparer.Ordinal);
        List<string> files = [.. FilesOf(folder)];
        List<ModelDefinition> found = [.. files.Where(file => !known.Contains(file) && !IsPart(file, files, note))
            .Select(file => OrNothing(file, Path.GetRelativePath(folder, file), facts, note)).OfType<ModelDefinition>()];
        foreach (IGrouping<string, ModelDefinition> same in found.GroupBy(model => model.Id, StringComparer.Ordinal))
        {
            // What stands in the catalogue keeps its name, and of several files with one name none is more right than the others.
            bool collides = models.ContainsKey(same.Key) || same.Count() > 1;
            foreach (ModelDefinition model in same)
            {
                ModelDefinition named = collides ? WithFolder(model, models) : model;
                models.Add(named.Id, named);
                if (collides)
                    note($"{named.Files[0].Written} has the name of another model; it is listed as {named.Id}");
            }
        }

        return catalogue with
        {
            Models = models,
            Default = catalogue.Default ?? models.Values.FirstOrDefault(),
            DefaultTextToImage = catalogue.DefaultTextToImage ?? models.Values.FirstOrDefault(),
            DefaultImageToImage = catalogue.DefaultImageToImage ?? models.Values.FirstOrDefault(),
        };
    }

    // A checkpoint in parts is the index that lists them; a part by itself is no model.
    private static bool IsPart(string file, List<string> files, Action<string> note)
    {
        if (Part().Match(file) is not { Success: true } part)
            return false;
        string index = part.Groups["name"].Value + Index;
        if (part.Groups["number"].ValueSpan.TrimStart('0') is "1" && !files.Contains(index))
            note($"{Path.GetFileName(file)} is a part of a model whose list of parts, {Path.GetFileName(index)}, is missing; it is left out");
        return true;
    }

    private static ModelDefinition? OrNothing(string path, string written, ModelFileCache facts, Action<string> note)
    {
        try
        {
            return Read(path, written.Replace('\\', '/'), facts);
        }
        catch (Exception exception)
        {
            note($"models/{written} cannot be read and is left out: {exception.Message}");
            return null;
        }
    }

    private static ModelDefinition WithFolder(ModelDefinition model, Dictionary<string, ModelDefinition> models)
    {
        string written = model.Files[0].Written["models/".Length..];
        string id = IdOf(Path.ChangeExtension(written, null).Replace('/', '-'));
        string kept = id;
        for (int number = 2; models.ContainsKey(kept); number++)
            kept = string.Create(CultureInfo.InvariantCulture, $"{id}-{number}");
        return model with { Id = kept, Name = Path.ChangeExtension(written, null) };
    }

    private static string IdOf(string name) => name.ToLowerInvariant().Replace(' ', '-');

    private static ModelDefinition? Read(string path, string written, ModelFileCache facts)
    {
        if (facts.Of(ModelFileCache.At(path)) is not { Role: ModelRole.Checkpoint } info || !Usual.TryGetValue(info.Family, out (int Side, int Steps, double CfgScale) usual))
            return null;
        string name = path.EndsWith(Index, StringComparison.OrdinalIgnoreCase) ? Path.GetFileName(path)[..^Index.Length] : Path.GetFileNameWithoutExtension(path);
        return new ModelDefinition
        {
            Id = IdOf(name),
            Name = name,
            Description = $"Found in the folder of models: {info.Family}",
            Capabilities = ["text-to-image", "image-to-image"],
            Options = new DiffusionModelOptions { ModelPath = path },
            Files = [new ModelFileEntry("models/" + written, path)],
            DefaultSize = new ImageSize(usual.Side, usual.Side),
            Defaults = GenerationDefaults.Of(("steps", (long)usual.Steps), ("cfg_scale", usual.CfgScale)),
            SupportsNegativePrompt = usual.CfgScale > 1,
        };
    }

    [GeneratedRegex(@"^(?<name>.+)-(?<number>\d{5})-of-\d{5}\.(safetensors|gguf)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Part();
}
