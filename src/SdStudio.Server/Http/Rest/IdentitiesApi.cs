using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/identities</c>: what of the folder of identities keeps a likeness, and of whom.</summary>
internal static class IdentitiesApi
{
    public static void MapIdentitiesApi(this IEndpointRouteBuilder api) => api.MapGet("/identities", (IdentityFits fits, IdentityFolder folder) => Results.Json(
        new IdentitiesResponse([.. fits.Names.Select(name => new IdentityResponse(name, WordOf(fits.KindOf(name))))], [.. folder.Names.Where(name => fits.KindOf(name) == IdentityKind.Embedding)]),
        ApiJson.Readable.IdentitiesResponse)).ProducesJson<IdentitiesResponse>("listIdentities", "Models", "The IP-Adapters, PhotoMakers and PuLIDs of the folder, and the people that PuLID knows");

    private static string WordOf(IdentityKind kind) => kind switch { IdentityKind.IpAdapter => "ip-adapter", IdentityKind.PhotoMaker => "photomaker", _ => "pulid" };
}

/// <param name="Identities">For <c>identity.model</c>; <c>identities</c> in <c>GET /api/models</c> says which of them go with a model.</param>
/// <param name="Embeddings">For <c>identity.embedding</c>, with PuLID.</param>
internal sealed record IdentitiesResponse(IReadOnlyList<IdentityResponse> Identities, IReadOnlyList<string> Embeddings);

/// <param name="Name">Its file's name in the folder of identities.</param>
/// <param name="Kind">ip-adapter looks at one image, photomaker at several, pulid at none: it needs an embedding of a person.</param>
internal sealed record IdentityResponse(string Name, string Kind);
