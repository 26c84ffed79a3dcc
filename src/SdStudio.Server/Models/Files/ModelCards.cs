using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Models.Files;

/// <summary>
/// Reads the cards of model files: the notes in a safetensors header (<c>modelspec.*</c>, <c>ss_*</c>), and the files that other programs lay
/// beside it: <c>x.json</c> with its owner's own notes, <c>x.civitai.info</c>, <c>x.preview.png</c>. The owner's words go before the maker's.
/// </summary>
internal sealed partial class ModelCards
{
    private const int MaxTextBytes = 16 * 1024;
    private const int MaxTagBytes = 4 * 1024 * 1024;
    private const int MaxPreviewBytes = 16 * 1024 * 1024;
    private const int MaxSideBytes = 1024 * 1024;
    private const int MaxTags = 50;
    private const int MaxCountedTags = 100_000;
    private const int MaxWords = 100;
    private const int MaxCharacters = 4000;
    private const string Thumbnail = "modelspec.thumbnail";
    private const string Frequencies = "ss_tag_frequency";
    private const string DataUrl = ";base64,";

    private static readonly string[] PreviewEnds = [".preview.png", ".preview.jpg", ".preview.jpeg", ".preview.webp", ".png", ".jpg", ".jpeg", ".webp"];
    private readonly ConcurrentDictionary<string, (string State, ModelCard Card)> _seen = new(StringComparer.Ordinal);

    /// <summary>The card of a file; an empty one when nothing is known.</summary>
    public ModelCard Of(string path)
    {
        string state = StateOf(path);
        if (_seen.TryGetValue(path, out (string State, ModelCard Card) seen) && seen.State == state)
            return seen.Card;
        ModelCard card = Read(path);
        _seen[path] = (state, card);
        return card;
    }

    /// <summary>The notes of a file that other programs show; long ones are left out.</summary>
    public static IReadOnlyDictionary<string, string> NotesOf(string path) => SafetensorsNotes.Read(path, name => name == Thumbnail || !IsKnown(name) ? 0 : 1024);

    /// <summary>The image of what it does, as its file has it; null for none.</summary>
    public static byte[]? PreviewOf(string path)
    {
        if (PreviewFile(path) is { } file)
            return ReadAtMost(file, MaxPreviewBytes);
        string? text = SafetensorsNotes.Read(path, name => name == Thumbnail ? MaxTagBytes : 0).GetValueOrDefault(Thumbnail);
        int start = text?.IndexOf(DataUrl, StringComparison.Ordinal) ?? -1;
        var bytes = new byte[text?.Length ?? 0];
        return start >= 0 && Convert.TryFromBase64Chars(text.AsSpan(start + DataUrl.Length), bytes, out int length) ? bytes[..length] : null;
    }

    private static bool IsKnown(string name) => name.StartsWith("ss_", StringComparison.Ordinal) || name.StartsWith("modelspec.", StringComparison.Ordinal);

    private static ModelCard Read(string path)
    {
        IReadOnlyDictionary<string, string> notes = SafetensorsNotes.Read(
            path, name => name == Frequencies ? MaxTagBytes : name == Thumbnail ? MaxTagBytes : IsKnown(name) ? MaxTextBytes : 0);
        using JsonDocument? own = Side(path, ".json");
        using JsonDocument? civitai = Side(path, ".civitai.info");
        JsonElement mine = own?.RootElement ?? default, shared = civitai?.RootElement ?? default, sharedModel = Child(shared, "model");
        string? Note(string name) => Short(notes.GetValueOrDefault("modelspec." + name));
        List<string> words = Words(Text(mine, "activation text") is { } activation ? [activation] : Texts(Child(shared, "trainedWords")));
        return new ModelCard
        {
            Title = Text(sharedModel, "name") ?? Note("title") ?? Short(notes.GetValueOrDefault("ss_output_name")),
            BaseModel = Text(mine, "sd version") ?? Text(shared, "baseModel") ?? Note("architecture") ?? Short(notes.GetValueOrDefault("ss_base_model_version")),
            TriggerWords = words.Count > 0 ? words : Words([notes.GetValueOrDefault("modelspec.trigger_phrase") ?? ""]),
            Tags = notes.TryGetValue(Frequencies, out string? counts) ? TagsOf(counts) : [],
            Notes = Text(mine, "notes") ?? Text(mine, "description") ?? Text(shared, "description") ?? Text(sharedModel, "description") ?? Note("usage_hint") ?? Note("description"),
            Weight = Child(mine, "preferred weight") is { ValueKind: JsonValueKind.Number } weight && weight.TryGetDouble(out double number) && number != 0 ? number : null,
            License = Note("license"),
            Author = Text(Child(shared, "creator"), "username") ?? Note("author"),
            HasPreview = PreviewFile(path) is not null || notes.ContainsKey(Thumbnail),
        };
    }

    // Counts by data set, and in each by tag.
    private static IReadOnlyList<TagCount> TagsOf(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return [];
            var counts = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (JsonProperty tag in document.RootElement.EnumerateObject().Where(set => set.Value.ValueKind == JsonValueKind.Object).SelectMany(set => set.Value.EnumerateObject()).Take(MaxCountedTags))
            {
                if (tag.Value.ValueKind == JsonValueKind.Number && tag.Value.TryGetInt32(out int count) && count > 0 && tag.Name.Trim() is { Length: > 0 and <= byte.MaxValue } name)
                    counts[name] = counts.GetValueOrDefault(name) + count;
            }

            return [.. counts.OrderByDescending(tag => tag.Value).ThenBy(tag => tag.Key, StringComparer.Ordinal).Take(MaxTags).Select(tag => new TagCount(tag.Key, tag.Value))];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static List<string> Words(IEnumerable<string> texts) =>
        [.. texts.Select(text => text.Trim().Trim(',').Trim()).Where(text => text.Length > 0).Select(text => text[..Math.Min(text.Length, MaxCharacters)]).Distinct(StringComparer.Ordinal).Take(MaxWords)];

    private static IEnumerable<string> Texts(JsonElement list) =>
        list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(TextOf).OfType<string>() : [];

    private static string? Text(JsonElement from, string name) => Short(TextOf(Child(from, name)));

    // Half of a surrogate pair, escaped, is no text.
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonElement Child(JsonElement from, string name) => from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out JsonElement child) ? child : default;

    // Descriptions come as HTML; what is shown is their text.
    private static string? Short(string? text)
    {
        if (text is null)
            return null;
        string plain = text.Contains('<', StringComparison.Ordinal) ? System.Net.WebUtility.HtmlDecode(Markup().Replace(Breaks().Replace(text, "\n"), "")) : text;
        plain = plain.Trim();
        return plain.Length == 0 ? null : plain.Length <= MaxCharacters ? plain : plain[..(char.IsHighSurrogate(plain[MaxCharacters - 1]) ? MaxCharacters - 1 : MaxCharacters)] + "…";
    }

    private static JsonDocument? Side(string path, string end)
    {
        try
        {
            return ReadAtMost(Path.ChangeExtension(path, null) + end, MaxSideBytes) is { } bytes ? JsonDocument.Parse(bytes.AsMemory(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? PreviewFile(string path)
    {
        string stem = Path.ChangeExtension(path, null);
        return PreviewEnds.Select(end => stem + end).FirstOrDefault(File.Exists);
    }

    private static byte[]? ReadAtMost(string path, int bytes)
    {
        try
        {
            return new FileInfo(path) is { Exists: true } file && file.Length <= bytes ? File.ReadAllBytes(path) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string StateOf(string path)
    {
        string stem = Path.ChangeExtension(path, null);
        FileInfo[] files = [ModelFileCache.At(path), new FileInfo(stem + ".json"), new FileInfo(stem + ".civitai.info")];
        return string.Join('|', files.Select(file => file.Exists ? $"{file.Length} {file.LastWriteTimeUtc.Ticks}" : "")) + "|" + PreviewFile(path);
    }

    [GeneratedRegex("<(br|/p|/li|/h[1-6])[^>]*>", RegexOptions.NonBacktracking | RegexOptions.IgnoreCase)]
    private static partial Regex Breaks();

    [GeneratedRegex("<[^>]*>", RegexOptions.NonBacktracking)]
    private static partial Regex Markup();
}
