using System.Text.Json.Nodes;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.A1111;

/// <summary>Errors under <c>/sdapi</c>: the REST API's field and Automatic1111's in one.</summary>
internal sealed class A1111Errors : IErrorShape
{
    // Under /api the studio's own document holds, whose errors are those of the REST API.
    public bool IsFor(PathString path) => path.StartsWithSegments("/sdapi", StringComparison.OrdinalIgnoreCase);

    public (int Status, string Body) Write(RequestError error) => error.Fields.Count > 0
        ? (StatusCodes.Status422UnprocessableEntity, OfFields(error))
        : (error.Status, Body(error));

    // Browsers ask for a password when they see it: only the surface whose clients have one says it.
    public void AddHeaders(RequestError error, HttpResponse response)
    {
        if (error.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Basic realm=\"SdStudio\"";
    }

    public static string Body(RequestError error) => new JsonObject
    {
        ["error"] = error.Message, ["detail"] = error.Text, ["body"] = "", ["errors"] = "",
    }.ToJsonString(ApiJson.Readable.Options);

    private static string OfFields(RequestError error) => new JsonObject
    {
        ["detail"] = new JsonArray([.. error.Fields.Select(field => new JsonObject
        {
            ["loc"] = new JsonArray("body", field.Field), ["msg"] = field.Problem, ["type"] = "value_error",
        })]),
        ["error"] = error.Message,
    }.ToJsonString(ApiJson.Readable.Options);
}
