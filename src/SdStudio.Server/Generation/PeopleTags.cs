using System.Text.RegularExpressions;

namespace SdStudio.Server.Generation;

/// <summary>The people and things that are written into a prompt, <c>&lt;ref:alice&gt;</c>: the model looks at their images.</summary>
internal static partial class PeopleTags
{
    /// <summary>Takes the tags out of a prompt.</summary>
    /// <returns>The prompt without the tags, and the names in their order, each once.</returns>
    public static (string Prompt, IReadOnlyList<string> Names) Take(string prompt)
    {
        string[] names = [.. Tag().Matches(prompt).Select(NameOf).Distinct(StringComparer.OrdinalIgnoreCase)];
        return names.Length == 0 ? (prompt, names) : (Tag().Replace(prompt, "").Trim(), names);
    }

    /// <summary>Takes out only the tags that <paramref name="isUnwanted"/> names.</summary>
    public static string Without(string prompt, Predicate<string> isUnwanted) => Tag().Replace(prompt, tag => isUnwanted(NameOf(tag)) ? "" : tag.Value).Trim();

    private static string NameOf(Match tag) => tag.Groups["name"].Value.Trim();

    [GeneratedRegex("<ref:(?<name>[^:<>]+)>", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Tag();
}
