using System.Text;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Files;

/// <summary>
/// The styles of the data directory: <c>styles.csv</c> as Automatic1111 has it, with the columns name, prompt and negative_prompt. Read again
/// when it changes; written whole.
/// </summary>
internal sealed class StyleBook(DataFolders folders)
{
    private const int MaxFileBytes = 8 * 1024 * 1024;
    private const string Header = "name,prompt,negative_prompt";
    private readonly Lock _lock = new();
    private (long Length, DateTime Changed) _seen;
    private List<Style> _styles = [];

    private string Path => System.IO.Path.Combine(folders.Root, "styles.csv");

    /// <summary>Every style, in the order of the file.</summary>
    public IReadOnlyList<Style> All
    {
        get
        {
            lock (_lock)
                return [.. Read()];
        }
    }

    /// <summary>A style by its name, in any case; null for none.</summary>
    public Style? Find(string name) => All.FirstOrDefault(style => style.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Adds a style, or puts it in place of the one with that name.</summary>
    public void Put(Style style) => Change(styles =>
    {
        int index = styles.FindIndex(other => other.Name.Equals(style.Name, StringComparison.OrdinalIgnoreCase));
        if (index < 0)
            styles.Add(style);
        else
            styles[index] = style;
        return true;
    });

    /// <summary>Removes a style.</summary>
    /// <returns>Whether there was one of that name.</returns>
    public bool Remove(string name) => Change(styles => styles.RemoveAll(style => style.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) > 0);

    private bool Change(Func<List<Style>, bool> change)
    {
        lock (_lock)
        {
            List<Style> styles = Read();
            if (!change(styles))
                return false;
            var text = new StringBuilder(Header).Append("\r\n");
            foreach (Style style in styles)
                text.Append(Quoted(style.Name)).Append(',').Append(Quoted(style.Prompt)).Append(',').Append(Quoted(style.NegativePrompt)).Append("\r\n");
            string temporary = $"{Path}.tmp";
            // With the mark that spreadsheets look for.
            File.WriteAllText(temporary, text.ToString(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            File.Move(temporary, Path, overwrite: true);
            _seen = default;
            return true;
        }
    }

    private List<Style> Read()
    {
        var file = new FileInfo(Path);
        if (!file.Exists || file.Length > MaxFileBytes)
            return _styles = [];
        (long, DateTime) now = (file.Length, file.LastWriteTimeUtc);
        if (now != _seen)
            (_styles, _seen) = (Parse(File.ReadAllText(Path)), now);
        return _styles;
    }

    /// <summary>The styles of a CSV file (RFC 4180). The first line names the columns; lines without a name are no styles.</summary>
    public static List<Style> Parse(string text)
    {
        List<List<string>> rows = Rows(text.TrimStart('\uFEFF'));
        if (rows.Count == 0)
            return [];
        int Column(string name, int usual) => rows[0].FindIndex(header => header.Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) is >= 0 and int found ? found : usual;
        bool hasHeader = rows[0].Exists(header => header.Trim().Equals("name", StringComparison.OrdinalIgnoreCase));
        // Older files call the prompt text.
        (int name, int prompt, int negative) = hasHeader ? (Column("name", 0), Column("prompt", Column("text", 1)), Column("negative_prompt", 2)) : (0, 1, 2);
        return [.. rows.Skip(hasHeader ? 1 : 0).Select(row => new Style(Cell(row, name).Trim(), Cell(row, prompt), Cell(row, negative))).Where(style => style.Name.Length > 0)
            .DistinctBy(style => style.Name, StringComparer.OrdinalIgnoreCase)];
    }

    private static string Cell(List<string> row, int column) => column < row.Count ? row[column] : "";

    private static string Quoted(string text) => text.AsSpan().ContainsAny(",\"\r\n") || text.Length != text.Trim().Length ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private static List<List<string>> Rows(string text)
    {
        List<List<string>> rows = [];
        List<string> row = [];
        var cell = new StringBuilder();
        bool inQuotes = false;
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (inQuotes && character == '"' && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[i++]);
            else if (character == '"' && (inQuotes || cell.Length == 0))
                inQuotes = !inQuotes;
            else if (!inQuotes && character == ',')
                EndCell();
            else if (!inQuotes && character is '\n' or '\r' && !inQuotes)
                EndRow();
            else
                cell.Append(character);
        }

        EndRow();
        return rows;

        void EndCell()
        {
            row.Add(cell.ToString());
            cell.Clear();
        }

        void EndRow()
        {
            EndCell();
            if (row.Count > 1 || row[0].Length > 0)
                rows.Add(row);
            row = [];
        }
    }
}

/// <summary>Words added to a prompt: around <c>{prompt}</c>, or after the prompt without it.</summary>
internal sealed record Style(string Name, string Prompt, string NegativePrompt)
{
    /// <summary>A prompt with a style's words.</summary>
    public static string Apply(string words, string prompt) =>
        words.Contains("{prompt}", StringComparison.Ordinal) ? words.Replace("{prompt}", prompt, StringComparison.Ordinal)
        : words.Length == 0 ? prompt : prompt.Length == 0 ? words : $"{prompt}, {words}";
}
