using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/upscalers</c>: the upscalers.</summary>
internal static class UpscalersApi
{
    public static void MapUpscalersApi(this IEndpointRouteBuilder api) =>
        api.MapGet("/upscalers", (ModelCatalogue catalogue, ModelFileCache files) => TypedResults.Ok(
            new UpscalersResponse([.. catalogue.Upscalers.Select(upscaler => new UpscalerResponse(
                upscaler.Id, upscaler.Name, upscaler.Description, upscaler.Scale, upscaler.IsThere, upscaler.HubFiles.Count > 0, HubEntry.MissingBytes(upscaler.HubFiles))
            {
                License = upscaler.License,
                MemoryBytes = upscaler.File is not { } file ? 0 : upscaler.IsThere ? files.MemoryOf(ModelFileCache.At(file.FullPath)) : HubEntry.MissingBytes(upscaler.HubFiles),
            })]))).Describe("listUpscalers", "Models", "The upscalers: those of the catalogue, and two without a file");
}
