using System.Text.Json;
using System.Text.Unicode;

namespace SdStudio.Server.Http.Requests;

/// <summary>A body of JSON, with images as base64 or data URLs.</summary>
internal static class JsonBody
{
    // What .NET reads where nobody says otherwise.
    private const int MaxDepth = 64;
    private static readonly string[] FileFields = ["image", "mask", "ref_images", "extra_images", "control_image", "start_image", "end_image", "control_frames"];

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The whole body.</summary>
    public static async Task<byte[]> BytesAsync(HttpRequest request, CancellationToken cancellation)
    {
        // The stated length may be a lie: memory is taken as bytes come.
        using var bytes = new MemoryStream();
        await request.Body.CopyToAsync(bytes, cancellation);
        return bytes.ToArray();
    }

    /// <summary>Whether the first character says JSON: no field of a form begins like an object, a list or a text.</summary>
    public static bool LooksLikeJson(ReadOnlySpan<byte> bytes) => (bytes.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes).TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[' or (byte)'"', ..];

    /// <exception cref="BadRequestException">It is no JSON object.</exception>
    public static RequestBody Parse(byte[] bytes)
    {
        ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith(ByteOrderMark) ? bytes.AsMemory(ByteOrderMark.Length) : bytes;
        if (!Utf8.IsValid(json.Span))
            throw new BadRequestException("The body is not valid UTF-8; send JSON in UTF-8");
        try
        {
            // Not disposed: the fields look into it as long as the request lives.
            JsonElement root = JsonDocument.Parse(json).RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new BadRequestException("The body must be a JSON object, e.g. {\"model\": \"demo\", \"prompt\": \"a red circle\"}");
            var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (JsonProperty property in root.EnumerateObject())
                fields[NameOf(property)] = property.Value;
            return new RequestBody(fields, TakeEncodedFiles(fields));
        }
        catch (JsonException exception)
        {
            string where = $"(line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})";
            throw new BadRequestException(IsTooDeep(json.Span)
                ? $"The body has lists or objects within each other more than {MaxDepth} deep {where}; no field has"
                : $"The body is not valid JSON {where}");
        }
    }

    private static bool IsTooDeep(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= MaxDepth)
                    return true;
            }
        }
        catch (JsonException)
        {
            // It is no JSON, and not because of its depth.
        }

        return false;
    }

    /// <summary>Takes out the fields whose text is an image. Images come as base64 or as a data URL where they do not come as files.</summary>
    public static Dictionary<string, IReadOnlyList<byte[]>> TakeEncodedFiles(Dictionary<string, JsonElement> fields)
    {
        var files = new Dictionary<string, IReadOnlyList<byte[]>>(StringComparer.Ordinal);
        foreach (string name in FileFields)
        {
            if (fields.TryGetValue(name, out JsonElement value) && TextsOf(value) is { Count: > 0 } texts)
            {
                files[name] = [.. texts.Select(text => EncodedImage.Decode(text, name))];
                fields.Remove(name);
            }
        }

        return files;
    }

    private static List<string> TextsOf(JsonElement value)
    {
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        List<string> texts = [.. items.Select(item => EncodedImage.TextOf(item) ?? "")];
        return texts.TrueForAll(text => text.Length > 0) ? texts : [];
    }

    // An escaped half of a surrogate pair is no name.
    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw new BadRequestException("The body is not valid JSON: the name of a field is not valid Unicode");
        }
    }
}
