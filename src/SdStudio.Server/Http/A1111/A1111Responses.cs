using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary>What the answers under <c>/sdapi</c> have in common.</summary>
internal static class A1111Responses
{
    /// <summary>JSON, <c>null</c> too: clients parse every answer.</summary>
    public static IResult Json(JsonNode? node) => Results.Text(node?.ToJsonString(ApiJson.Readable.Options) ?? "null", "application/json", Encoding.UTF8);

    /// <summary>Names that a client sent, in a note: a few of them.</summary>
    public static string Names(IReadOnlyCollection<string> names)
    {
        const int Shown = 20;
        string first = string.Join(", ", names.Take(Shown).Select(RequestFields.Shown));
        return names.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"{first} and {names.Count - Shown} more") : first;
    }

    public static JsonArray List(IEnumerable<JsonNode?> items) => [.. items];

    /// <summary>The answer for a job that brought nothing; null for one that has images or was interrupted, which is no error there.</summary>
    public static IResult? Problem(Job job) => job.Status != JobStatus.Cancelled && JobProblem.OfEnded(job) is { } error
        ? Results.Text(A1111Errors.Body(error), "application/json", Encoding.UTF8, error.Status)
        : null;

    /// <summary>Automatic1111's form of a time.</summary>
    public static string Timestamp(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToLocalTime().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
}
