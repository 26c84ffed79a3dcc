using SdCpp.Interop;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>Upscalers in the folder <c>upscalers</c> that no file of the catalogue names.</summary>
internal static class FoundUpscalers
{
    private static readonly string[] Extensions = [".gguf", ".safetensors"];

    public static IEnumerable<string> FilesOf(string folder) => FolderWalk.Files(folder, file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase));

    /// <param name="catalogue">What the files of the catalogue say.</param>
    /// <param name="folder">The folder of upscalers.</param>
    /// <param name="facts">What files are.</param>
    public static CatalogueSnapshot AddTo(CatalogueSnapshot catalogue, string folder, ModelFileCache facts)
    {
        HashSet<string> known = [.. catalogue.Upscalers.Select(upscaler => upscaler.File?.FullPath).OfType<string>()];
        HashSet<string> ids = [.. catalogue.Upscalers.SelectMany(upscaler => new[] { upscaler.Id, upscaler.Name })];
        List<UpscalerDefinition> found = [];
        foreach (string path in FilesOf(folder).Where(path => !known.Contains(path)))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (facts.Of(ModelFileCache.At(path)) is { Role: ModelRole.Upscaler } info && ids.Add(name))
                found.Add(new UpscalerDefinition(name, name, "Found in the folder of upscalers", new ModelFileEntry("upscalers/" + Path.GetRelativePath(folder, path).Replace('\\', '/'), path), ScaleOf(info)));
        }

        return found.Count == 0 ? catalogue : catalogue with { Upscalers = [.. found, .. catalogue.Upscalers] };
    }

    // Those with one doubling say so by what they lack; as first published, they upscale four times.
    private static int ScaleOf(ModelFileInfo info) =>
        info.Tensors.Any(tensor => tensor.Name.EndsWith("conv_up1.weight", StringComparison.Ordinal)) && !info.Tensors.Any(tensor => tensor.Name.EndsWith("conv_up2.weight", StringComparison.Ordinal)) ? 2 : 4;
}
