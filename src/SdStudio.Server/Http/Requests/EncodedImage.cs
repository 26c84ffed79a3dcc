using System.Buffers.Text;
using System.Text.Json;

namespace SdStudio.Server.Http.Requests;

/// <summary>Images as text.</summary>
internal static class EncodedImage
{
    private static readonly string[] Names = ["image_url", "b64_json", "image"];

    /// <summary>The text of an image in JSON: itself, or <c>image_url</c>, <c>b64_json</c> or <c>image</c> of an object; null for none.</summary>
    public static string? TextOf(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return RequestFields.TextOf(item) is { Length: > 0 } text ? text : null;
        foreach (string name in Names)
        {
            if (item.TryGetProperty(name, out JsonElement named))
                return TextOf(named.ValueKind == JsonValueKind.Object && named.TryGetProperty("url", out JsonElement url) ? url : named);
        }

        return null;
    }

    /// <summary>The bytes of base64 or of a data URL.</summary>
    /// <exception cref="BadRequestException">It is neither.</exception>
    public static byte[] Decode(string text, string field)
    {
        ReadOnlySpan<char> encoded = text;
        if (text.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
            encoded = encoded[(text.IndexOf(',', StringComparison.Ordinal) + 1)..];
        else if (text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            throw new BadRequestException($"{field} is a URL; this server fetches nothing for others. Send base64 or a data URL");
        if (!Base64.IsValid(encoded, out int length))
            throw new BadRequestException([new FieldProblem(field, $"{field} is text that is not base64; send a file, base64 or a data URL")], detail: null);
        var bytes = new byte[length];
        return Convert.TryFromBase64Chars(encoded, bytes, out int written) && written == length ? bytes : bytes[..written];
    }
}
