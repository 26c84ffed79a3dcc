using System.Text.Json.Nodes;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>Errors under <c>/v1</c> as OpenAI's clients read them.</summary>
internal sealed class OpenAiErrors : IErrorShape
{
    public bool IsFor(PathString path) =>
        path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments("/api/v1", StringComparison.OrdinalIgnoreCase);

    public (int Status, string Body) Write(RequestError error) => (error.Status, Body(error).ToJsonString(ApiJson.Readable.Options));

    public static JsonObject Body(RequestError error) => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = error.Text,
            ["type"] = error.Status switch
            {
                StatusCodes.Status401Unauthorized => "authentication_error",
                StatusCodes.Status429TooManyRequests => "rate_limit_error",
                >= 500 => "server_error",
                _ => "invalid_request_error",
            },
            ["param"] = error.Fields is [{ } first, ..] ? first.Field : null,
            ["code"] = error.Code ?? (error.Status == StatusCodes.Status401Unauthorized ? "invalid_api_key" : null),
        },
    };
}
