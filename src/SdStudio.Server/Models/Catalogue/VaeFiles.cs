using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>The decoders that requests may name in place of a model's own: those of the catalogue's models, and the files of the folder <c>vae</c>.</summary>
internal sealed class VaeFiles(ModelCatalogue catalogue, DataFolders folders)
{
    private static readonly string[] Extensions = [".safetensors", ".gguf"];

    /// <summary>The files' names.</summary>
    public IEnumerable<string> Names => Paths().Select(path => Path.GetFileName(path)).Distinct(StringComparer.OrdinalIgnoreCase);

    /// <summary>The file of that name, with or without its extension; null when there is none.</summary>
    public string? Find(string name) => Paths().FirstOrDefault(path => Path.GetFileName(path).Equals(name, StringComparison.OrdinalIgnoreCase)
        || Path.GetFileNameWithoutExtension(path).Equals(name, StringComparison.OrdinalIgnoreCase));

    private IEnumerable<string> Paths() => catalogue.Models.Select(model => model.Options.VaePath).OfType<string>().Where(File.Exists)
        .Concat(FolderWalk.Files(Path.Combine(folders.Root, "vae"), file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)));
}
