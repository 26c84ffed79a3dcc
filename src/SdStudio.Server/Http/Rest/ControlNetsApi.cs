using Microsoft.AspNetCore.Http.HttpResults;
using SdCpp.Interop;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/controlnets</c>: the ControlNets of the folder, and those that can be downloaded.</summary>
internal static class ControlNetsApi
{
    public static void MapControlNetsApi(this IEndpointRouteBuilder api) =>
        api.MapGet("/controlnets", List).Describe("listControlNets", "Models", "The ControlNets of the folder, and those that can be downloaded");

    private static Ok<ControlNetsResponse> List(ModelCatalogue catalogue, ControlNetFolder folder, ModelFileCache files)
    {
        List<ControlNetResponse> nets = [.. folder.Names.Select(name =>
        {
            string path = folder.Find(name)!;
            return Of(name, catalogue.ControlNets.FirstOrDefault(net => net.File.FullPath == path), files.Of(ModelFileCache.At(path)));
        })];
        nets.AddRange(catalogue.ControlNets.Where(net => !net.IsThere).Select(net => Of(folder.NameOf(net.File.FullPath), net, file: null)));
        return TypedResults.Ok(new ControlNetsResponse(nets));
    }

    private static ControlNetResponse Of(string name, ControlNetDefinition? known, ModelFileInfo? file) => new(
        name, known?.Id, known?.Description, file is not null, file?.Family is { } family and not ModelFamily.Unknown ? ParametersApi.NameOf(family) : null,
        known?.HubFiles.Count > 0, known is null ? 0 : HubEntry.MissingBytes(known.HubFiles), known?.License);
}
