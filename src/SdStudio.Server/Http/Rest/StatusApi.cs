using System.Globalization;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/health</c>, <c>GET /api/config</c> and the probes <c>/health/live</c> and <c>/health/ready</c>.</summary>
internal static class StatusApi
{
    /// <summary>What containers, proxies and service managers ask. Without a key and without a word about anybody's work.</summary>
    public static void MapHealthProbes(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => Results.Json(new ProbeResponse("live", null), ApiJson.Readable.ProbeResponse))
            .ProducesJson<ProbeResponse>("getLiveness", "Status", "200 while the process answers: one that does not is to be started again");
        app.MapGet("/health/ready", (EngineHost engineHost, IHostApplicationLifetime lifetime) =>
        {
            string? reason = lifetime.ApplicationStopping.IsCancellationRequested ? "The server is stopping"
                : engineHost.Loaded is not null ? null
                : engineHost.Ready.IsFaulted ? "The engine cannot be loaded; the log says why"
                : "The engine is being loaded";
            return Results.Json(
                new ProbeResponse(reason is null ? "ready" : "not ready", reason), ApiJson.Readable.ProbeResponse,
                statusCode: reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        }).ProducesJson<ProbeResponse>("getReadiness", "Status", "200 when requests can be sent, else 503 with the reason", 503);
    }

    public static void MapStatusApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/health", (TimeProvider time, EngineHost engineHost, IJobDevices devices, Restarts restarts, ServerPaths paths, VideoFiles videos) => Results.Json(
            new HealthResponse(
                "ok", time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
                engineHost.Loaded is { } engine ? $"{EngineHost.NameOf(engine)} ({engine.Info.Provider})" : null,
                [.. (engineHost.Loaded?.Devices ?? []).Select(device => $"{device.Name}: {device.Description}")],
                engineHost.Loaded?.Info.Backend, engineHost.Loaded?.Info.BackendReason)
            {
                VideoFormats = videos.Formats,
                JobDevices = [.. devices.States.Select(device => device.Id)],
                EngineCommit = engineHost.Loaded?.Info.Commit is { Length: > 0 } commit ? commit : null,
                Restarts = restarts.Count,
                LastEnd = restarts.Reason is { } reason && restarts.At is { } at ? new LastEndResponse(at, paths.Shorten(reason)) : null,
            },
            ApiJson.Readable.HealthResponse)).ProducesJson<HealthResponse>("getHealth", "Status", "Whether the server is up, and its engine");
        api.MapGet("/config", (HttpRequest request, ModelCatalogue catalogue, ApiKeys keys, EngineHost engineHost, IOptions<StudioOptions> options) =>
        {
            LimitOptions limits = options.Value.Limits;
            (bool presented, bool valid, _) = keys.Authenticate(request.HttpContext);
            return Results.Json(
                new ConfigResponse($"{request.Scheme}://{request.Host}{request.PathBase}/api", catalogue.Default?.Id, keys.AreNeeded, presented, valid)
                {
                    Samplers = engineHost.Loaded?.Samplers ?? [],
                    Schedulers = engineHost.Loaded?.Schedulers ?? [],
                    Assistant = options.Value.Assistant.Endpoint.Length > 0,
                    Limits = new LimitsResponse(limits.MaxSide, limits.MaxPixels, limits.MaxSteps, limits.MaxImages, limits.MaxRequestBytes),
                },
                ApiJson.Readable.ConfigResponse);
        }).ProducesJson<ConfigResponse>("getConfig", "Status", "The API's address, default model, samplers, schedulers and limits, and whether a key is needed");
    }
}
