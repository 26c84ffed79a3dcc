namespace SdStudio.Server.Storage;

/// <summary>What a search looks for: words, and phrases in quotes.</summary>
internal static class SearchWords
{
    /// <returns>Each with whether it is a phrase.</returns>
    public static IEnumerable<(string Text, bool IsPhrase)> Of(string? search)
    {
        // A text ends at its first zero for SQLite, and has none for PostgreSQL.
        string[] parts = (search ?? "").Replace('\0', ' ').Split('"');
        for (int part = 0; part < parts.Length; part++)
        {
            // A quote that nobody closes is a character like others.
            bool isPhrase = part % 2 == 1 && part < parts.Length - 1;
            foreach (string text in isPhrase ? [parts[part]] : parts[part].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                if (!string.IsNullOrWhiteSpace(text))
                    yield return (text, isPhrase);
            }
        }
    }
}
