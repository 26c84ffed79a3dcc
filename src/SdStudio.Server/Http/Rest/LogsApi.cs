using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/logs</c> and <c>GET /api/generations/{id}/logs</c>.</summary>
internal static class LogsApi
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 10_000;
    private const string Engine = "engine";
    private const string Http = "http";

    private static readonly Dictionary<string, LogLevel> Levels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["debug"] = LogLevel.Debug, ["info"] = LogLevel.Information, ["warn"] = LogLevel.Warning, ["error"] = LogLevel.Error, ["fatal"] = LogLevel.Critical,
    };

    public static void MapLogsApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/logs", (HttpRequest request, ILogStore logs, ServerPaths paths) => Lines(request, logs, paths, jobId: null))
            .RequireAdministrator().Describe("getLogs", "Logs", "The newest lines of the log", 400)
            .WithQuery(QueryParameter.Integer("limit", "Maximum number of items", 1, MaxLimit, DefaultLimit), QueryParameter.OneOf("level", "Lines of this level and above", [.. Levels.Keys]), new QueryParameter("module", "Lines of one module"));
        api.MapGet("/generations/{id}/logs", async Task<Results<Ok<LogsResponse>, NotFound<ErrorResponse>>> (string id, HttpRequest request, ILogStore logs, ServerPaths paths, IJobQueries queries, CancellationToken cancellation) =>
            await queries.StatusAsync(id, ApiKeys.ScopeOf(request.HttpContext), cancellation) is null ? ApiErrors.NotFound("Generation not found") : Lines(request, logs, paths, id))
            .Describe("getGenerationLogs", "Logs", "The log of one generation, with the engine's own lines", 400);
    }

    private static Ok<LogsResponse> Lines(HttpRequest request, ILogStore logs, ServerPaths paths, string? jobId)
    {
        var query = new RequestQuery(request);
        int limit = query.Integer("limit", DefaultLimit, 1, MaxLimit);
        // A job's own lines are asked for to see everything; the whole log is not.
        LogLevel level = query.OneOf(Levels.Keys, "level") is { } name ? Levels[name] : jobId is null ? LogLevel.Information : LogLevel.Debug;
        List<LogView> lines = [.. logs.Read(limit, level, query.Text("module"), jobId).Select(line => View(line, paths))];
        // The document's list, and the three that the original's page reads.
        return TypedResults.Ok(
            new LogsResponse(
                lines, [.. lines.Where(line => line.Module is not (Engine or Http))], [.. lines.Where(line => line.Module == Engine)],
                [.. lines.Where(line => line.Module == Http)]));
    }

    private static LogView View(LogLine line, ServerPaths paths)
    {
        string time = DateTimeOffset.FromUnixTimeMilliseconds(line.TimeMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        string level = Levels.First(known => known.Value >= line.Level).Key;
        // Lines about requests have the paths of requests only.
        string message = line.Module == Http ? line.Message : paths.Shorten(line.Message);
        return new LogView(time, level, message, line.Module, line.JobId, time, message);
    }
}
