using System.Text.Json;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/parameters</c>: the fields of requests, for pages and programs that show them.</summary>
internal static class ParametersApi
{
    public static void MapParametersApi(this IEndpointRouteBuilder api) => api.MapGet("/parameters", List)
        .ProducesJson<ParameterListResponse>("listParameters", "Server", "The parameters of requests: types, ranges in force, defaults and help", 400)
        .WithQuery(QueryParameter.OneOf("type", "Only those of this type of job", JobType.WithImages));

    private static IResult List(HttpRequest request, LiveLimits limits)
    {
        string? type = new RequestQuery(request).OneOf(JobType.WithImages, "type");
        ParameterLimits now = limits.Now;
        return Results.Json(
            new ParameterListResponse([.. Parameters.All.Where(parameter => type is null || parameter.Jobs.HasFlag(Parameters.TypeOf(type))).Select(parameter => Of(parameter, now))]),
            ApiJson.Readable.ParameterListResponse);
    }

    /// <summary>A family of models as the API names it.</summary>
    public static string NameOf(ModelFamily family) => JsonNamingPolicy.SnakeCaseLower.ConvertName(family.ToString());

    private static ParameterResponse Of(Parameter parameter, ParameterLimits limits)
    {
        (double Min, double Max)? range = parameter.Range?.Invoke(limits);
        return new ParameterResponse(
            parameter.Name,
            parameter.Aliases,
            parameter.Kind.ToString().ToLowerInvariant(),
            range?.Min,
            range?.Max,
            parameter.LimitedBy,
            parameter.Choices?.Invoke(limits),
            parameter.Default is null ? null : InfotextReader.ToJson(parameter.Default),
            parameter.OfModel,
            parameter.Help,
            parameter.Families.Count == 0 ? null : [.. parameter.Families.Select(NameOf)],
            parameter.Forwarded,
            [.. JobType.WithImages.Where(type => parameter.Jobs.HasFlag(Parameters.TypeOf(type)))],
            [.. JobType.WithImages.Where(type => parameter.Required.HasFlag(Parameters.TypeOf(type)))],
            parameter.Label,
            parameter.Engine,
            parameter.Flags);
    }
}

internal sealed record ParameterListResponse(IReadOnlyList<ParameterResponse> Parameters);

/// <param name="Name">In requests.</param>
/// <param name="Aliases">Other names that are taken.</param>
/// <param name="Type">text, choice, integer, number, flag, integers, texts, size, loras or image.</param>
/// <param name="Minimum">Least value; of a text, of its bytes; null for none.</param>
/// <param name="Maximum">Greatest value; of a text, of its bytes; null for none.</param>
/// <param name="LimitedBy">The server's setting that the range comes from; null when the engine or the document fixes it.</param>
/// <param name="Values">All values of a choice; of samplers and schedulers none before the engine is loaded.</param>
/// <param name="Default">The value without one; null for none, and for the model's own.</param>
/// <param name="ModelDefault">Whether a model may have a default of its own.</param>
/// <param name="Help">A sentence for people.</param>
/// <param name="Families">The families of models that take it, as <c>GET /api/models</c> names them; null for every one.</param>
/// <param name="Forwarded">Whether another server that generates in place of this one is asked for it.</param>
/// <param name="JobTypes">The types of jobs that take it.</param>
/// <param name="RequiredBy">The types of jobs that are refused without it.</param>
/// <param name="InfotextLabel">What infotexts call it; null when they do not have it.</param>
/// <param name="EngineOption">The engine's own name of it, where it has one.</param>
/// <param name="Arguments">Flags of the engine's programs that set it in models.yml.</param>
internal sealed record ParameterResponse(
    string Name, IReadOnlyList<string> Aliases, string Type, double? Minimum, double? Maximum, string? LimitedBy, IReadOnlyList<string>? Values, JsonNode? Default,
    bool ModelDefault, string Help, IReadOnlyList<string>? Families, bool Forwarded, IReadOnlyList<string> JobTypes, IReadOnlyList<string> RequiredBy, string? InfotextLabel, string? EngineOption, IReadOnlyList<string> Arguments);
