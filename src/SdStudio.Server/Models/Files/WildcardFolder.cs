using System.Text.RegularExpressions;
using SdStudio.Server.Generation.Templates;
using SdStudio.Server.Settings;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Files;

/// <summary>
/// The wildcards of the data directory: a text file <c>animals/birds.txt</c> with one entry a line is <c>__animals/birds__</c>, and a list in a
/// YAML file is named by its keys. Lines that begin with # and empty lines are no entries. Read again when a file changes.
/// </summary>
internal sealed class WildcardFolder(DataFolders folders) : IWildcards
{
    private const int MaxFileBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(250);
    private readonly Lock _lock = new();
    private string _seen = "";
    private SortedDictionary<string, IReadOnlyList<string>> _lists = new(StringComparer.Ordinal);

    private string Folder => Path.Combine(folders.Root, "wildcards");

    /// <summary>Every wildcard with its entries, by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lists
    {
        get
        {
            lock (_lock)
            {
                List<FileInfo> files = Files();
                string now = string.Join('\n', files.Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}"));
                if (now != _seen)
                    (_lists, _seen) = (Read(files), now);
                return _lists;
            }
        }
    }

    public IReadOnlyList<string> Find(string pattern)
    {
        IReadOnlyDictionary<string, IReadOnlyList<string>> lists = Lists;
        if (!pattern.Contains('*', StringComparison.Ordinal))
            return lists.GetValueOrDefault(pattern) ?? [];
        string expression = Regex.Escape(pattern).Replace(@"\*\*", ".*", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal);
        var match = new Regex($"^{expression}$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PatternTimeout);
        return [.. lists.Where(list => match.IsMatch(list.Key)).SelectMany(list => list.Value)];
    }

    private List<FileInfo> Files() => !Directory.Exists(Folder)
        ? []
        : [.. new DirectoryInfo(Folder)
            .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint, MaxRecursionDepth = 8 })
            .Where(file => file.Extension is ".txt" or ".yaml" or ".yml" && file.Length <= MaxFileBytes)
            .OrderBy(file => file.FullName, StringComparer.Ordinal)];

    private SortedDictionary<string, IReadOnlyList<string>> Read(List<FileInfo> files)
    {
        var lists = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (FileInfo file in files)
        {
            string name = Path.ChangeExtension(Path.GetRelativePath(Folder, file.FullName), null).Replace('\\', '/');
            foreach ((string key, IReadOnlyList<string> entries) in file.Extension == ".txt" ? [(name, Lines(File.ReadAllLines(file.FullName)))] : Yaml(file.FullName))
                lists[key] = lists.TryGetValue(key, out IReadOnlyList<string>? earlier) ? [.. earlier, .. entries] : entries;
        }

        return lists;
    }

    private static List<string> Lines(IEnumerable<string> lines) =>
        [.. lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')];

    // A file that cannot be read has no lists; the others keep theirs.
    private static List<(string Name, IReadOnlyList<string> Entries)> Yaml(string path)
    {
        var yaml = new YamlStream();
        try
        {
            using StreamReader reader = File.OpenText(path);
            yaml.Load(reader);
        }
        catch (YamlException)
        {
            return [];
        }

        return [.. yaml.Documents.SelectMany(document => Named(document.RootNode, "", depth: 0))];
    }

    private static IEnumerable<(string Name, IReadOnlyList<string> Entries)> Named(YamlNode node, string name, int depth) => node switch
    {
        YamlMappingNode map when depth < 16 => map.Children.SelectMany(child => Named(child.Value, name.Length == 0 ? $"{child.Key}" : $"{name}/{child.Key}", depth + 1)),
        YamlSequenceNode list when name.Length > 0 => [(name, Lines(list.Children.OfType<YamlScalarNode>().Select(entry => entry.Value ?? "")))],
        YamlScalarNode { Value: { } text } when name.Length > 0 => [(name, Lines(text.Split('\n')))],
        _ => [],
    };
}
