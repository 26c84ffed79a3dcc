using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>A file of the catalogue.</summary>
/// <param name="Name">Without its folder.</param>
/// <param name="Root">What it says.</param>
internal sealed record CatalogueFile(string Name, YamlMappingNode Root);

/// <summary>
/// The YAML files of a folder. One that cannot be read is as it was when it last could; the others are not affected.
/// </summary>
internal sealed class CatalogueFiles
{
    private const int MaxDepth = 64;
    private const int MaxEvents = 1_000_000;
    private const long MaxBytes = 16 * 1024 * 1024;
    private static readonly string[] First = ["settings.yml", "upscalers.yml"];
    private readonly Dictionary<string, CatalogueFile> _good = new(StringComparer.Ordinal);

    /// <summary>The files of the folder in the order in which they are read; hidden ones are those of editors and other programs.</summary>
    public static IEnumerable<string> Of(string folder) => Directory.EnumerateFiles(folder)
        .Where(file => Path.GetExtension(file).ToUpperInvariant() is ".YML" or ".YAML" && Path.GetFileName(file)[0] != '.')
        .OrderBy(file => Array.IndexOf(First, Path.GetFileName(file)) is >= 0 and int index ? index : First.Length)
        .ThenBy(Path.GetFileName, StringComparer.Ordinal);

    /// <param name="folder">Where they are.</param>
    /// <param name="problem">Called with files that cannot be read, and why.</param>
    public IReadOnlyList<CatalogueFile> Read(string folder, Action<string> problem)
    {
        List<CatalogueFile> files = [];
        foreach (string path in Of(folder))
        {
            string name = Path.GetFileName(path);
            try
            {
                if (Load(path) is { } root)
                    _good[path] = new CatalogueFile(name, root);
                else
                    problem($"{name} has no entries: a list of models stands under 'models:'");
            }
            catch (Exception exception)
            {
                string reason = exception is YamlException yaml ? $"line {yaml.Start.Line}, column {yaml.Start.Column}: {yaml.Message}" : exception.Message;
                problem($"{name} cannot be read: {reason}. {(_good.ContainsKey(path) ? "Its models stay as they were before" : "Its models are left out")}");
            }

            if (_good.TryGetValue(path, out CatalogueFile? file))
                files.Add(file);
        }

        return files;
    }

    private static YamlMappingNode? Load(string path)
    {
        if (new FileInfo(path).Length is > MaxBytes and long bytes)
            throw new InvalidDataException($"it has {bytes >> 20} MiB; allowed are {MaxBytes >> 20}");
        string text = File.ReadAllText(path);
        ThrowIfAbsurd(text);
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return yaml.Documents.Count == 0 ? null : yaml.Documents[0].RootNode as YamlMappingNode;
    }

    // The tree is built by functions that call themselves: a file that is a million brackets would end the process.
    private static void ThrowIfAbsurd(string text)
    {
        var parser = new Parser(new StringReader(text));
        int depth = 0;
        for (int count = 0; parser.MoveNext(); count++)
        {
            depth += parser.Current is MappingStart or SequenceStart ? 1 : parser.Current is MappingEnd or SequenceEnd ? -1 : 0;
            if (depth > MaxDepth || count > MaxEvents)
                throw new InvalidDataException($"line {parser.Current!.Start.Line}: it is nested deeper than {MaxDepth} levels or has more than {MaxEvents} parts");
        }
    }
}
