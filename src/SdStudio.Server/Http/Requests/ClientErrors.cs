using System.Text.Json.Nodes;

namespace SdStudio.Server.Http.Requests;

/// <summary>Errors in the shape that a client's own API has them, by the path it asked.</summary>
internal static class ClientErrors
{
    /// <summary>The status and body of an error for the client of this path; null where errors are the REST API's.</summary>
    /// <param name="path">Of the request.</param>
    /// <param name="status">Of the REST API.</param>
    /// <param name="message">For people.</param>
    /// <param name="detail">More of it.</param>
    /// <param name="bad">What was wrong with the request, when that is the reason.</param>
    public static (int Status, string Body)? For(PathString path, int status, string message, string? detail, BadRequestException? bad)
    {
        if (IsA1111(path))
        {
            return bad is { Fields.Count: > 0 }
                ? (StatusCodes.Status422UnprocessableEntity, SdFields(message, bad.Fields))
                : (status, Sd(message, detail));
        }

        return IsOpenAi(path) ? (status, OpenAi(status, message, detail, bad)) : null;
    }

    public static bool IsA1111(PathString path) => Is(path, "/sdapi");

    public static bool IsOpenAi(PathString path) => Is(path, "/v1");

    /// <summary>The REST API's field and Automatic1111's in one.</summary>
    public static string Sd(string message, string? detail) => new JsonObject
    {
        ["error"] = message,
        ["detail"] = detail is null ? message : $"{message}. {detail}",
        ["body"] = "",
        ["errors"] = "",
    }.ToJsonString(ApiJson.Readable.Options);

    public static string OpenAi(int status, string message, string? detail, BadRequestException? bad) => new JsonObject
    {
        ["error"] = new JsonObject
        {
            ["message"] = detail is null ? message : $"{message}. {detail}",
            ["type"] = status switch
            {
                StatusCodes.Status401Unauthorized => "authentication_error",
                StatusCodes.Status429TooManyRequests => "rate_limit_error",
                >= 500 => "server_error",
                _ => "invalid_request_error",
            },
            ["param"] = bad?.Fields is [{ } first, ..] ? first.Field : null,
            ["code"] = bad?.Code ?? (status == StatusCodes.Status401Unauthorized ? "invalid_api_key" : null),
        },
    }.ToJsonString(ApiJson.Readable.Options);

    private static string SdFields(string message, IReadOnlyList<FieldProblem> fields) => new JsonObject
    {
        ["detail"] = new JsonArray([.. fields.Select(field => new JsonObject
        {
            ["loc"] = new JsonArray("body", field.Field),
            ["msg"] = field.Problem,
            ["type"] = "value_error",
        })]),
        ["error"] = message,
    }.ToJsonString(ApiJson.Readable.Options);

    private static bool Is(PathString path, string root) =>
        path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments("/api" + root, StringComparison.OrdinalIgnoreCase);
}
