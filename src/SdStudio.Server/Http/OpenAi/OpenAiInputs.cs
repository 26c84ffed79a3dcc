using System.Text.Json;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>The images of an edit, wherever a client puts them: files in <c>image</c>, <c>image[]</c> or <c>image[0]</c>, or a list in JSON.</summary>
internal static class OpenAiInputs
{
    public static List<byte[]> Of(RequestBody body)
    {
        List<byte[]> images = [.. body.Files.Where(file => IsImageField(file.Key)).SelectMany(file => file.Value)];
        // {"images": [{"image_url": "data:…"}]}, or the texts alone.
        if (images.Count == 0 && body.Fields.TryGetValue("images", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
            images.AddRange(list.EnumerateArray().Select((item, index) => Decode(item, $"images[{index}]")));
        return images;
    }

    private static bool IsImageField(string name) => name == "image" || (name.StartsWith("image[", StringComparison.Ordinal) && name.EndsWith(']'));

    private static byte[] Decode(JsonElement item, string field) => EncodedImage.TextOf(item) is { } text
        ? EncodedImage.Decode(text, field)
        : throw new BadRequestException([new FieldProblem("images", $"{field} has no image; send {{\"image_url\": a data URL}}")], detail: null);
}
