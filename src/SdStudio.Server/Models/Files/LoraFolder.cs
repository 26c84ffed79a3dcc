using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Files;

/// <summary>The LoRAs that requests may name: the files of the folder <c>loras</c>, without their extension.</summary>
internal sealed class LoraFolder(DataFolders folders)
{
    private static readonly string[] Extensions = [".safetensors", ".gguf"];

    public IEnumerable<string> Names => Directory.EnumerateFiles(folders.Loras)
        .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
        .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>The file of a LoRA; null when there is none of that name. A name is looked for in the folder, never used as a path.</summary>
    public string? Find(string name) => Directory.EnumerateFiles(folders.Loras).FirstOrDefault(file =>
        Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)
        && (Path.GetFileNameWithoutExtension(file).Equals(name, StringComparison.OrdinalIgnoreCase)
            || Path.GetFileName(file).Equals(name, StringComparison.OrdinalIgnoreCase)));
}
