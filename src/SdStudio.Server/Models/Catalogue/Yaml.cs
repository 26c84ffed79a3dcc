using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>Reads values out of a YAML tree, with the environment's variables filled in: <c>${NAME}</c>, <c>${NAME:-otherwise}</c>.</summary>
internal static partial class Yaml
{
    public static YamlNode? Child(this YamlMappingNode? parent, string key) =>
        parent is not null && parent.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? child) ? child : null;

    public static YamlMappingNode? Mapping(this YamlMappingNode? parent, string key) => parent.Child(key) as YamlMappingNode;

    /// <summary>A text; null for none, and for YAML's own null.</summary>
    public static string? Text(this YamlMappingNode? parent, string key) => (parent.Child(key) as YamlScalarNode)?.Value is { Length: > 0 } text && text is not ("null" or "~")
        ? WithEnvironment(text)
        : null;

    public static bool? Flag(this YamlMappingNode? parent, string key) => bool.TryParse(parent.Text(key), out bool value) ? value : null;

    public static double? Number(this YamlMappingNode? parent, string key) =>
        double.TryParse(parent.Text(key), CultureInfo.InvariantCulture, out double value) ? value : null;

    public static List<string> Texts(this YamlMappingNode? parent, string key) =>
        parent.Child(key) is YamlSequenceNode list ? [.. list.OfType<YamlScalarNode>().Select(node => WithEnvironment(node.Value ?? ""))] : [];

    /// <summary>"10m", "1h", "30s", "500ms", "2d"; a number alone is milliseconds, as in the original.</summary>
    public static TimeSpan? Duration(this YamlMappingNode? parent, string key)
    {
        if (parent.Text(key) is not { } text || Span().Match(text.Trim()) is not { Success: true } match)
            return null;
        double value = double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture);
        return TimeSpan.FromMilliseconds(value * match.Groups["unit"].Value switch { "s" => 1000, "m" => 60_000, "h" => 3_600_000, "d" => 86_400_000, _ => 1 });
    }

    private static string WithEnvironment(string text) => Variable().Replace(
        text, match => Environment.GetEnvironmentVariable(match.Groups["name"].Value) is { Length: > 0 } value
            ? value
            // Without a value and an "otherwise" it stays as it is: what is missing is then seen by its name.
            : match.Groups["otherwise"].Success ? match.Groups["otherwise"].Value : match.Value);

    [GeneratedRegex(@"^(?<value>\d+(\.\d+)?)(?<unit>ms|s|m|h|d)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Span();

    [GeneratedRegex(@"\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<otherwise>[^}]*))?\}", RegexOptions.ExplicitCapture)]
    private static partial Regex Variable();
}
