using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/identities</c>: what of the folder of identities keeps a likeness, and of whom.</summary>
internal static class IdentitiesApi
{
    public static void MapIdentitiesApi(this IEndpointRouteBuilder api) => api.MapGet("/identities", (IdentityFits fits, IdentityFolder folder) => TypedResults.Ok(
        new IdentitiesResponse([.. fits.Names.Select(name => new IdentityResponse(name, WordOf(fits.KindOf(name))))], [.. folder.Names.Where(name => fits.KindOf(name) == IdentityKind.Embedding)]))).Describe("listIdentities", "Models", "The IP-Adapters, PhotoMakers and PuLIDs of the folder, and the people for PuLID");

    private static string WordOf(IdentityKind kind) => kind switch { IdentityKind.IpAdapter => "ip-adapter", IdentityKind.PhotoMaker => "photomaker", _ => "pulid" };
}

/// <param name="Identities">For <c>identity.model</c>; <c>identities</c> in <c>GET /api/models</c> lists those that fit a model.</param>
/// <param name="Embeddings">For <c>identity.embedding</c>, with PuLID.</param>
internal sealed record IdentitiesResponse(IReadOnlyList<IdentityResponse> Identities, IReadOnlyList<string> Embeddings);

/// <param name="Name">The name of its file in the folder identities.</param>
/// <param name="Kind">ip-adapter uses one image, photomaker several; pulid uses an embedding of a person instead.</param>
internal sealed record IdentityResponse(string Name, string Kind);
