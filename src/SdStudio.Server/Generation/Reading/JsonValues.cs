using System.Text.Json;

namespace SdStudio.Server.Generation.Reading;

/// <summary>Values out of JSON of strangers: whatever is not of the expected type is not there.</summary>
internal static class JsonValues
{
    private static readonly JsonDocumentOptions Lenient = new() { MaxDepth = 64, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>A JSON object; null for anything else.</summary>
    public static JsonElement? Parse(string text)
    {
        // Some programs write what their language calls infinite and no number.
        ReadOnlySpan<char> start = text.AsSpan().TrimStart();
        if (start.IsEmpty || start[0] != '{')
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text.Contains("NaN", StringComparison.Ordinal) ? text.Replace(": NaN", ": null", StringComparison.Ordinal).Replace(":NaN", ":null", StringComparison.Ordinal) : text, Lenient);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static JsonElement? Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A text, or a number or a switch as text.</summary>
    public static string? Text(this JsonElement? element) => element is { } value ? Text(value) : null;

    /// <inheritdoc cref="Text(JsonElement?)"/>
    public static string? Text(this JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.String => element.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => element.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair.
            return null;
        }
    }

    public static string? Text(this JsonElement element, string name) => element.Get(name).Text();

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) =>
        element.Get(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];
}
