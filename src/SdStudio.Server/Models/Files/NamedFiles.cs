namespace SdStudio.Server.Models.Files;

/// <summary>
/// Files that requests may name: those of a folder and of the folders in it, without their extension, as in <c>styles/ink</c>. A colon, which
/// a tag in a prompt cannot have, is written as an underscore.
/// </summary>
/// <param name="folder">The folder; it need not exist.</param>
internal abstract class NamedFiles(string folder)
{
    private static readonly string[] Extensions = [".safetensors", ".gguf"];

    public IEnumerable<string> Names => Files().Select(file => file.Name).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>Every file.</summary>
    public IEnumerable<string> Paths => Files().Select(file => file.Path);

    /// <summary>
    /// The file of that name, with or without folder and extension; null when there is none. A name is looked for in the list, never used as a
    /// path.
    /// </summary>
    public string? Find(string name)
    {
        string wanted = Writable(name.Replace('\\', '/'));
        List<(string Name, string Path)> files = [.. Files()];
        return (First(file => file.Name) ?? First(file => file.Name + Path.GetExtension(file.Path))
            ?? First(file => Path.GetFileName(file.Name)) ?? First(file => Writable(Path.GetFileName(file.Path))))?.Path;

        (string Name, string Path)? First(Func<(string Name, string Path), string> nameOf) => files
            .Where(file => nameOf(file).Equals(wanted, StringComparison.OrdinalIgnoreCase)).Select(file => ((string, string)?)file).FirstOrDefault();
    }

    /// <summary>The name of a file of the folder.</summary>
    public string NameOf(string path) => Writable(Path.ChangeExtension(Path.GetRelativePath(folder, path), null).Replace('\\', '/'));

    private IEnumerable<(string Name, string Path)> Files() => !Directory.Exists(folder)
        ? []
        : FolderWalk.Files(folder, file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)).Select(file => (NameOf(file), file));

    private static string Writable(string name) => name.Replace(':', '_');
}
