using System.Text.RegularExpressions;

namespace SdStudio.Server.Generation;

/// <summary>Textual inversions as some clients write them: <c>embedding:name</c> for the word <c>name</c>.</summary>
internal static partial class EmbeddingWords
{
    public static string Plain(string prompt) => Mark().Replace(prompt, "");

    [GeneratedRegex(@"(?<!\w)embedding:(?=\S)", RegexOptions.IgnoreCase)]
    private static partial Regex Mark();
}
