using SdStudio.Server.Models.Downloads;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>Reads where a model's files are on the hub: the entry <c>huggingface</c> with a repo, and files where their names differ.</summary>
internal static class HubEntries
{
    private const string Newest = "main";

    /// <param name="entry">The model's entry.</param>
    /// <param name="files">The files it is loaded from.</param>
    /// <param name="root">What relative paths are relative to.</param>
    /// <param name="warn">Told what is left out and why.</param>
    public static IReadOnlyList<HubEntry> Read(YamlMappingNode entry, IReadOnlyList<ModelFileEntry> files, string root, Action<YamlNode, string> warn)
    {
        if (entry.Mapping("huggingface") is not { } hub)
            return [];
        string? repo = hub.Text("repo");
        string revision = hub.Text("revision") ?? Newest;
        if (hub.Child("files") is not YamlSequenceNode list)
            return repo is null ? [] : [.. files.Select(file => new HubEntry(repo, revision, Path.GetFileName(file.FullPath), file.Written, file.FullPath))];
        List<HubEntry> entries = [];
        foreach (YamlNode node in list)
        {
            var item = node as YamlMappingNode;
            if ((item.Text("path") ?? (node as YamlScalarNode)?.Value) is { } path && (item.Text("repo") ?? repo) is { } owner)
            {
                string written = WrittenOf(item, path, files);
                entries.Add(new HubEntry(owner, item.Text("revision") ?? revision, path, written, Path.GetFullPath(written, root)));
            }
            else
            {
                warn(node, "a file of huggingface needs a path, and a repo of its own or of the entry; it is left out");
            }
        }

        return entries;
    }

    // Where the model looks for a file of this name, unless the entry says otherwise.
    private static string WrittenOf(YamlMappingNode? item, string path, IReadOnlyList<ModelFileEntry> files)
    {
        string name = Path.GetFileName(path);
        if (item.Text("dest") is not { } destination)
            return files.FirstOrDefault(file => Path.GetFileName(file.FullPath) == name)?.Written ?? "models/" + name;
        bool isFolder = destination.EndsWith('/') || Path.GetExtension(destination).Length == 0;
        return isFolder ? Path.Combine(destination, item.Text("subpath") ?? "", name) : destination;
    }
}
