using System.Globalization;
using System.Text;

namespace SdStudio.Server.Gallery;

/// <summary>What images are called where people save them: <c>{number}-{seed}-{prompt}</c>.</summary>
internal static class DownloadName
{
    private const int MaxPromptCharacters = 80;

    /// <param name="image">The image.</param>
    /// <param name="extension">With its point.</param>
    public static string Of(ListedImage image, string extension)
    {
        string words = Words(image.Prompt);
        return string.Create(CultureInfo.InvariantCulture, $"{image.Number:00000}-{image.Image.Seed}{(words.Length > 0 ? "-" : "")}{words}{extension}");
    }

    // Letters and digits of every script, and what every file system takes.
    private static string Words(string prompt)
    {
        var words = new StringBuilder();
        foreach (Rune rune in prompt.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
                words.Append(rune.ToString());
            else if (words.Length > 0 && words[^1] != '_')
                words.Append('_');
            if (words.Length >= MaxPromptCharacters)
                break;
        }

        return words.ToString().TrimEnd('_');
    }
}
