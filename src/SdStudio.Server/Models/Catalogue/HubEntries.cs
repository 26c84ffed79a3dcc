using SdStudio.Server.Models.Downloads;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>Reads where a model's files are on the hub: the entry <c>huggingface</c> with a repo, and files where their names differ.</summary>
internal static class HubEntries
{
    private const string Newest = "main";

    // Numbers of YAML are read as doubles: every whole one up to here is exact.
    private const double MaxBytes = 1L << 53;

    /// <param name="entry">The model's entry.</param>
    /// <param name="files">The files it is loaded from.</param>
    /// <param name="root">What relative paths are relative to.</param>
    public static IReadOnlyList<HubEntry> Read(YamlEntry entry, IReadOnlyList<ModelFileEntry> files, string root)
    {
        YamlEntry hub = entry.Entry("huggingface");
        if (!hub.Exists)
            return [];
        string? repo = hub.Text("repo");
        string revision = hub.Text("revision") ?? Newest;
        if (hub.Child("files") is not YamlSequenceNode list)
            return repo is null ? [] : [.. files.Select(file => new HubEntry(repo, revision, Path.GetFileName(file.FullPath), file.Written, file.FullPath))];
        List<HubEntry> entries = [];
        foreach (YamlNode node in list)
        {
            var item = new YamlEntry(node as YamlMappingNode, entry.Name, (at, text) => entry.Warn(at, text));
            if ((item.Path("path") ?? (node as YamlScalarNode)?.Value) is { Length: > 0 } path && (item.Text("repo") ?? repo) is { } owner)
            {
                string written = WrittenOf(item, path, files);
                entries.Add(new HubEntry(owner, item.Text("revision") ?? revision, path, written, Path.GetFullPath(written, root)) { Bytes = (long?)item.Number("bytes", 1, MaxBytes) });
            }
            else
            {
                entry.Warn(node, "a file of huggingface needs a path, and a repo of its own or of the entry; it is left out");
            }
        }

        return entries;
    }

    // Where the model looks for a file of this name, unless the entry says otherwise.
    private static string WrittenOf(YamlEntry item, string path, IReadOnlyList<ModelFileEntry> files)
    {
        string name = Path.GetFileName(path);
        if (item.Path("dest") is not { } destination)
            return files.FirstOrDefault(file => Path.GetFileName(file.FullPath) == name)?.Written ?? "models/" + name;
        bool isFolder = destination.EndsWith('/') || Path.GetExtension(destination).Length == 0;
        return isFolder ? Path.Combine(destination, item.Path("subpath") ?? "", name) : destination;
    }
}
