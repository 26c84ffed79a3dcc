using System.Text.Json.Nodes;
using SdStudio.Server.Generation.Reading;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;

namespace SdStudio.Server.Http.A1111;

/// <summary><c>/sdapi/v1/png-info</c>: the settings inside an image.</summary>
internal static class PngInfoApi
{
    public static async Task<IResult> ReadAsync(HttpContext context, LiveLimits limits)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        byte[] bytes = body.File("image")
            ?? throw new BadRequestException([new FieldProblem("image", "Missing required field: image (base64 or a data URL)")], detail: null);
        IReadOnlyDictionary<string, string> texts = ImageDecoder.Texts(bytes, "image");
        FoundSettings? found = SettingsReader.Read(XmpText.Merged(texts));
        string infotext = found?.Text ?? "";
        var answer = new JsonObject
        {
            ["info"] = infotext,
            ["items"] = new JsonObject(texts.Select(text => KeyValuePair.Create(text.Key, (JsonNode?)text.Value))),
            ["parameters"] = new JsonObject(),
        };
        if (found is not null)
        {
            answer["parameters"] = new JsonObject(found.Values.Select(setting => KeyValuePair.Create(setting.Key, (JsonNode?)setting.Value)));
            // The same as fields of a request to this server.
            answer["request"] = SettingsReader.ToRequest(found, limits.Now).Request;
        }

        return A1111Responses.Json(answer);
    }
}
