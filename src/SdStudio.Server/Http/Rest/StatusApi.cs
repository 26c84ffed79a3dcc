using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
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
        app.MapGet("/health/live", () => TypedResults.Ok(new ProbeResponse("live", null)))
            .Describe("getLiveness", "Status", "200 as long as the process responds; restart one that does not");
        app.MapGet("/health/ready", Results<Ok<ProbeResponse>, JsonHttpResult<ProbeResponse>> (EngineHost engineHost, IHostApplicationLifetime lifetime) =>
        {
            string? reason = lifetime.ApplicationStopping.IsCancellationRequested ? "The server is stopping"
                : engineHost.Loaded is not null ? null
                : engineHost.Ready.IsFaulted ? "The engine cannot be loaded; the log says why"
                : "The engine is being loaded";
            return reason is null
                ? TypedResults.Ok(new ProbeResponse("ready", null))
                : TypedResults.Json(new ProbeResponse("not ready", reason), ApiJson.Readable.ProbeResponse, statusCode: StatusCodes.Status503ServiceUnavailable);
        }).Describe("getReadiness", "Status", "200 when the server is ready for requests, else 503 with the reason").Produces<ProbeResponse>(StatusCodes.Status503ServiceUnavailable, "application/json");
    }

    public static void MapStatusApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/health", (TimeProvider time, EngineHost engineHost, IJobDevices devices, Restarts restarts, ServerPaths paths, VideoFiles videos) => TypedResults.Ok(
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
            })).Describe("getHealth", "Status", "Whether the server is up, and its engine");
        api.MapGet("/config", (HttpRequest request, ModelCatalogue catalogue, ApiKeys keys, EngineHost engineHost, IOptions<StudioOptions> options) =>
        {
            LimitOptions limits = options.Value.Limits;
            (bool presented, bool valid, _) = keys.Authenticate(request.HttpContext);
            return TypedResults.Ok(
                new ConfigResponse($"{request.Scheme}://{request.Host}{request.PathBase}/api", catalogue.Default?.Id, keys.AreNeeded, presented, valid)
                {
                    Samplers = engineHost.Loaded?.Samplers ?? [],
                    Schedulers = engineHost.Loaded?.Schedulers ?? [],
                    Assistant = options.Value.Assistant.Endpoint.Length > 0,
                    Limits = new LimitsResponse(limits.MaxSide, limits.MaxPixels, limits.MaxSteps, limits.MaxImages, limits.MaxRequestBytes),
                });
        }).Describe("getConfig", "Status", "The API's address, default model, samplers, schedulers and limits, and whether a key is needed");
    }
}
