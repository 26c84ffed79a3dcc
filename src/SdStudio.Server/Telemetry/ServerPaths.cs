using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Telemetry;

/// <summary>Takes the folders of this machine out of texts that leave it: what lies in the data directory keeps its path there, everything else its name.</summary>
internal sealed partial class ServerPaths
{
    private readonly List<(string Folder, string Short)> _known = [];
    private readonly ConcurrentDictionary<string, bool> _roots = new(StringComparer.Ordinal);

    public ServerPaths(DataFolders folders, IOptions<StudioOptions> options)
    {
        Know(folders.Root, "");
        Know(folders.Files, "");
        Know(options.Value.Models.Root, "");
        Know(options.Value.Models.CatalogueDirectory, "");
        Know(options.Value.NativeDirectory, "native/");
        Know(AppContext.BaseDirectory, "program/");
        // The longest first: one may lie within another.
        _known.Sort((one, other) => other.Folder.Length.CompareTo(one.Folder.Length));
    }

    public string Shorten(string text)
    {
        foreach ((string folder, string name) in _known)
            text = text.Replace(folder, name, StringComparison.Ordinal);
        return AbsolutePath().Replace(text, match => IsPath(match.Value) ? Path.GetFileName(match.Value.TrimEnd('/', '\\')) : match.Value);
    }

    private void Know(string folder, string name)
    {
        if (folder.Length > 0)
            _known.Add((Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar, name));
    }

    // "/api/queue" looks like a path and is none: no folder of this machine is called /api.
    private bool IsPath(string text)
    {
        if (text[0] is not '/')
            return true;
        int end = text.IndexOf('/', 1);
        return end > 0 && _roots.GetOrAdd(text[..end], Directory.Exists);
    }

    // In quotes a path may have spaces in it.
    [GeneratedRegex("""(?<=')(?:/|[A-Za-z]:[\\/])[^'\r\n]+(?=')|(?<![\w.:/\\-])(?:/|[A-Za-z]:[\\/])[^\s'",;:()]+""")]
    private static partial Regex AbsolutePath();
}
