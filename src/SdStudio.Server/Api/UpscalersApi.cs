using SdStudio.Server.Api.Description;
using SdStudio.Server.Models;

namespace SdStudio.Server.Api;

/// <summary><c>GET /api/upscalers</c>: what enlarges pictures.</summary>
internal static class UpscalersApi
{
    public static void MapUpscalersApi(this IEndpointRouteBuilder api) =>
        api.MapGet("/upscalers", (ModelCatalogue catalogue) => Results.Json(
            new UpscalersAnswer([.. catalogue.Upscalers.Select(upscaler => new UpscalerAnswer(
                upscaler.Id, upscaler.Name, upscaler.Description, upscaler.Scale, upscaler.IsThere, upscaler.HubFiles.Count > 0))]),
            ApiJson.Readable.UpscalersAnswer)).Gives<UpscalersAnswer>("Models", "What enlarges pictures: those of the catalogue, and two that need no file");
}
