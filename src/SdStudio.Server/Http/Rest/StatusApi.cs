using System.Globalization;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/health</c> and <c>GET /api/config</c>.</summary>
internal static class StatusApi
{
    public static void MapStatusApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/health", (TimeProvider time, EngineHost engineHost, IJobDevices devices) => Results.Json(
            new HealthResponse(
                "ok", time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
                engineHost.Loaded is { } engine ? $"{EngineHost.NameOf(engine)} ({engine.Info.Provider})" : null,
                [.. (engineHost.Loaded?.Devices ?? []).Select(device => $"{device.Name}: {device.Description}")],
                engineHost.Loaded?.Info.Backend, engineHost.Loaded?.Info.BackendReason)
            {
                JobDevices = [.. devices.States.Select(device => device.Id)],
                EngineCommit = engineHost.Loaded?.Info.Commit is { Length: > 0 } commit ? commit : null,
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
                    Limits = new LimitsResponse(limits.MaxSide, limits.MaxPixels, limits.MaxSteps, limits.MaxImages, limits.MaxRequestBytes),
                },
                ApiJson.Readable.ConfigResponse);
        }).ProducesJson<ConfigResponse>("getConfig", "Status", "The API's address, default model, samplers, schedulers and limits, and whether a key is needed");
    }
}
