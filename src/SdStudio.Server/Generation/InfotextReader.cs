using System.Text;
using System.Text.Json.Nodes;

namespace SdStudio.Server.Generation;

/// <summary>
/// Reads infotexts as Automatic1111, its forks and Civitai write them. One pass over the text, whatever it contains: it comes out of files
/// of strangers.
/// </summary>
internal static class InfotextReader
{
    /// <summary>Longest text that is looked at, characters; what comes after it is not read.</summary>
    public const int MaxCharacters = 1_000_000;

    private const int MaxNameCharacters = 100;

    // Fewer are a sentence with a colon.
    private const int FewestSettings = 3;

    /// <summary>The settings of an infotext by their names there; the prompts are <c>Prompt</c> and <c>Negative prompt</c>.</summary>
    public static IReadOnlyDictionary<string, string> Parse(string infotext)
    {
        string text = (infotext.Length > MaxCharacters ? infotext[..MaxCharacters] : infotext).Replace("\r\n", "\n", StringComparison.Ordinal).Trim();
        (int start, Dictionary<string, string> parsed) = FindSettings(text);
        // What programs write behind the settings belongs to neither prompt.
        string prompts = (start < 0 ? text : text[..start]).TrimEnd('\n');
        int negative = prompts.StartsWith(Infotext.Negative, StringComparison.Ordinal) ? 0 : prompts.IndexOf('\n' + Infotext.Negative, StringComparison.Ordinal);
        parsed["Prompt"] = negative < 0 ? prompts : prompts[..negative];
        parsed["Negative prompt"] = negative < 0 ? "" : prompts[(negative + (negative > 0 ? 1 : 0) + Infotext.Negative.Length)..];
        return parsed;
    }

    /// <summary>A value of a parameter as JSON.</summary>
    public static JsonNode ToJson(object value) => value switch
    {
        bool flag => JsonValue.Create(flag),
        long whole => JsonValue.Create(whole),
        double number => JsonValue.Create(number),
        IReadOnlyList<int> list => new JsonArray([.. list.Select(item => (JsonNode)item)]),
        _ => JsonValue.Create(Parameter.Write(value)),
    };

    /// <summary>A text in quotes, its own quotes and line breaks escaped.</summary>
    public static string Quoted(string text) =>
        '"' + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + '"';

    // The last line that is made of settings: older ones stand inside a prompt, some programs write more lines behind it.
    private static (int Start, Dictionary<string, string> Settings) FindSettings(string text)
    {
        (int Start, Dictionary<string, string> Settings) found = (-1, new(StringComparer.Ordinal));
        for (int line = 0; line < text.Length;)
        {
            Dictionary<string, string> settings = new(StringComparer.Ordinal);
            int end = ReadLine(text, line, settings);
            if (settings.Count >= FewestSettings && (settings.ContainsKey("Steps") || end == text.Length))
                found = (line, settings);
            line = end + 1;
        }

        return found;
    }

    /// <returns>Where the line ends.</returns>
    private static int ReadLine(string text, int at, Dictionary<string, string> settings)
    {
        int end = text.IndexOf('\n', at) is >= 0 and int found ? found : text.Length;
        // An open bracket reaches to the end of the line: it is looked for once.
        bool bracketsMatch = true;
        while (at < end)
        {
            while (at < end && text[at] == ' ')
                at++;
            int nameEnd = NameEnd(text, at, end);
            if (nameEnd >= 0)
            {
                string name = text[at..nameEnd].Trim();
                (settings[name], at) = ReadValue(text, nameEnd + 1, end, ref bracketsMatch);
            }

            at = text.IndexOf(',', at, end - at) is >= 0 and int comma ? comma + 1 : end;
        }

        return end;
    }

    // Where the colon of "Name: value" is; -1 when there is no name of a likely form.
    private static int NameEnd(string text, int at, int end)
    {
        for (int i = at; i < Math.Min(end, at + MaxNameCharacters); i++)
        {
            char character = text[i];
            if (character == ':')
                return i > at && (i + 1 == end || text[i + 1] == ' ') ? i : -1;
            if (!char.IsLetterOrDigit(character) && !" _-/+.".Contains(character, StringComparison.Ordinal))
                return -1;
        }

        return -1;
    }

    private static (string Value, int End) ReadValue(string text, int at, int end, ref bool bracketsMatch)
    {
        while (at < end && text[at] == ' ')
            at++;
        if (at < end && text[at] == '"' && ReadQuoted(text, at, end) is { } quoted)
            return quoted;
        if (at < end && text[at] is ('{' or '[') && bracketsMatch)
        {
            int close = ClosingBracket(text, at, end);
            if (close >= 0)
                return (text[at..(close + 1)], close + 1);
            bracketsMatch = false;
        }

        int comma = text.IndexOf(',', at, end - at) is >= 0 and int found ? found : end;
        return (text[at..comma].Trim(), comma);
    }

    private static (string Value, int End)? ReadQuoted(string text, int at, int end)
    {
        var value = new StringBuilder();
        for (int i = at + 1; i < end; i++)
        {
            if (text[i] == '"')
                return (value.ToString(), i + 1);
            if (text[i] == '\\' && i + 1 < end && text[i + 1] is ('"' or '\\' or 'n' or 't'))
                value.Append(text[++i] switch { 'n' => '\n', 't' => '\t', char other => other });
            else
                value.Append(text[i]);
        }

        return null;
    }

    // The end of a JSON value, which keeps its commas; -1 when it does not end in this line.
    private static int ClosingBracket(string text, int at, int end)
    {
        int depth = 0;
        bool inText = false;
        for (int i = at; i < end; i++)
        {
            char character = text[i];
            if (inText)
            {
                if (character == '\\')
                    i++;
                else if (character == '"')
                    inText = false;
            }
            else if (character == '"')
            {
                inText = true;
            }
            else if (character is '{' or '[')
            {
                depth++;
            }
            else if (character is '}' or ']' && --depth == 0)
            {
                return i;
            }
        }

        return -1;
    }
}
