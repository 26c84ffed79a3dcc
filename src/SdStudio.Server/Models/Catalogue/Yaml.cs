using System.Globalization;
using System.Text.RegularExpressions;
using SdStudio.Server.Generation;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>
/// An entry of a YAML file, with merge keys (<c>&lt;&lt;</c>) followed and the environment's variables filled in: <c>${NAME}</c>,
/// <c>${NAME:-otherwise}</c>. A value that is not what its key takes is warned of with its line, never passed over in silence.
/// </summary>
/// <param name="node">The entry; null for one that does not exist, which has no values.</param>
/// <param name="name">What to call it in warnings.</param>
/// <param name="warn">Called with a node and what is wrong with it.</param>
internal sealed partial class YamlEntry(YamlMappingNode? node, string name, Action<YamlNode, string> warn)
{
    private const int MaxMerges = 16;

    /// <summary>The longest that a model may stay loaded without use; longer is for ever.</summary>
    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(3650);

    public bool Exists => node is not null;

    public YamlNode? Node => node;

    public string Name => name;

    public YamlNode? Child(string key) => Child(node, key, MaxMerges);

    public YamlEntry Entry(string key)
    {
        YamlNode? child = Child(key);
        if (child is not (null or YamlMappingNode) && !IsNull(child))
            Warn(child, $"{key} must have keys and values of its own; it is ignored");
        return new YamlEntry(child as YamlMappingNode, name, warn);
    }

    public void Warn(YamlNode at, string text) => warn(at, $"{name}: {text}");

    /// <summary>A text; null for none, and for YAML's own null.</summary>
    public string? Text(string key)
    {
        YamlNode? child = Child(key);
        if (child is null || IsNull(child))
            return null;
        if (child is YamlScalarNode { Value: { } text })
            return WithEnvironment(text);
        Warn(child, $"{key} must be a text; it is ignored");
        return null;
    }

    /// <summary>A text that may be the name of a file.</summary>
    public string? Path(string key)
    {
        if (Text(key) is not { } path)
            return null;
        if (!path.Contains('\0', StringComparison.Ordinal))
            return path;
        Warn(Child(key)!, $"{key} has a character that no file's name can have; it is ignored");
        return null;
    }

    public bool? Flag(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (TextValues.TryFlag(text, out bool value))
            return value;
        Warn(Child(key)!, $"{key} is '{Shown(text)}'; allowed is {TextValues.FlagWords}; it is ignored");
        return null;
    }

    public double? Number(string key, double min, double max)
    {
        if (Text(key) is not { } text)
            return null;
        if (TextValues.TryNumber(text, out double value) && value >= min && value <= max)
            return value;
        string hint = text.Contains(',', StringComparison.Ordinal) ? $" (write {Shown(text.Replace(',', '.'))}, with a point)" : "";
        Warn(Child(key)!, string.Create(CultureInfo.InvariantCulture, $"{key} is '{Shown(text)}'; allowed is a number from {min} to {max}{hint}; it is ignored"));
        return null;
    }

    public int? Integer(string key, int min, int max)
    {
        if (Text(key) is not { } text)
            return null;
        if (TextValues.TryInteger(text, out long value) && value >= min && value <= max)
            return (int)value;
        Warn(Child(key)!, string.Create(CultureInfo.InvariantCulture, $"{key} is '{Shown(text)}'; allowed is a whole number from {min} to {max}; it is ignored"));
        return null;
    }

    /// <summary>"10m", "1h", "30s", "500ms", "2d"; a number alone is milliseconds, as in the original.</summary>
    public TimeSpan? Duration(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (Span().Match(text.Trim()) is not { Success: true } match || !TextValues.TryNumber(match.Groups["value"].Value, out double value))
        {
            Warn(Child(key)!, $"{key} is '{Shown(text)}'; allowed is a time as in 30s, 10m, 1h or 2d; it is ignored");
            return null;
        }

        double milliseconds = value * match.Groups["unit"].Value switch { "s" => 1000, "m" => 60_000, "h" => 3_600_000, "d" => 86_400_000, _ => 1 };
        return milliseconds > LongestDuration.TotalMilliseconds ? LongestDuration : TimeSpan.FromMilliseconds(milliseconds);
    }

    /// <summary>A list of texts; a single text is split at spaces, as a shell would.</summary>
    public List<string> Texts(string key)
    {
        YamlNode? child = Child(key);
        if (child is null || IsNull(child))
            return [];
        if (child is YamlScalarNode { Value: { } text })
            return [.. Word().Matches(text).Select(word => WithEnvironment(word.Groups["quoted"] is { Success: true } quoted ? quoted.Value : word.Value))];
        if (child is YamlSequenceNode list)
        {
            foreach (YamlNode item in list.Where(item => item is not YamlScalarNode))
                Warn(item, $"{key} has an item that is not text; it is ignored");
            return [.. list.OfType<YamlScalarNode>().Select(item => WithEnvironment(item.Value ?? ""))];
        }

        Warn(child, $"{key} must be a list; it is ignored");
        return [];
    }

    /// <summary>The pairs of a mapping, merged ones too.</summary>
    public IEnumerable<(string Key, YamlNode Node)> Pairs() => Pairs(node, MaxMerges).DistinctBy(pair => pair.Key, StringComparer.Ordinal);

    private static YamlNode? Child(YamlMappingNode? parent, string key, int depth)
    {
        if (parent is null || depth == 0)
            return null;
        return parent.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? child)
            ? child
            : MergedInto(parent).Select(merged => Child(merged, key, depth - 1)).FirstOrDefault(found => found is not null);
    }

    private static IEnumerable<(string Key, YamlNode Node)> Pairs(YamlMappingNode? parent, int depth)
    {
        if (parent is null || depth == 0)
            return [];
        return parent.Children.Where(pair => pair.Key is YamlScalarNode && !IsMerge(pair.Key)).Select(pair => (((YamlScalarNode)pair.Key).Value ?? "", pair.Value))
            .Concat(MergedInto(parent).SelectMany(merged => Pairs(merged, depth - 1)));
    }

    private static IEnumerable<YamlMappingNode> MergedInto(YamlMappingNode parent) => parent.Children.Where(pair => IsMerge(pair.Key)).Select(pair => pair.Value)
        .SelectMany(value => value is YamlSequenceNode list ? list.OfType<YamlMappingNode>() : value is YamlMappingNode one ? [one] : []);

    private static bool IsMerge(YamlNode key) => key is YamlScalarNode { Value: "<<" };

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Value: null or "" or "null" or "~" };

    private static string Shown(string text) => text.Length > 40 ? text[..40] + "…" : text;

    private static string WithEnvironment(string text) => Variable().Replace(
        text, match => Environment.GetEnvironmentVariable(match.Groups["name"].Value) is { Length: > 0 } value
            ? value
            // Without a value and an "otherwise" it stays as it is: what is missing is then seen by its name.
            : match.Groups["otherwise"].Success ? match.Groups["otherwise"].Value : match.Value);

    [GeneratedRegex(@"^(?<value>\d+(\.\d+)?)(?<unit>ms|s|m|h|d)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Span();

    [GeneratedRegex(@"\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<otherwise>[^}]*))?\}", RegexOptions.ExplicitCapture)]
    private static partial Regex Variable();

    [GeneratedRegex("""
        "(?<quoted>[^"]*)"|'(?<quoted>[^']*)'|[^\s"']+
        """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Word();
}
