using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/parameters</c>: the fields of requests, for pages and programs that show them.</summary>
internal static class ParametersApi
{
    public static void MapParametersApi(this IEndpointRouteBuilder api) => api.MapGet("/parameters", List)
        .Describe("listParameters", "Server", "The parameters of requests: types, current ranges, defaults and help", 400)
        .WithQuery(QueryParameter.OneOf("type", "Only those of this type of job", JobType.WithImages));

    private static Ok<ParameterListResponse> List(HttpRequest request, LiveLimits limits)
    {
        string? type = new RequestQuery(request).OneOf(JobType.WithImages, "type");
        ParameterLimits now = limits.Now;
        return TypedResults.Ok(
            new ParameterListResponse([.. Parameters.All.Where(parameter => type is null || parameter.Jobs.HasFlag(Parameters.TypeOf(type))).Select(parameter => Of(parameter, now))]));
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
/// <param name="Aliases">Other accepted names.</param>
/// <param name="Type">text, choice, integer, number, flag, integers, texts, size, loras, sides, controls, image or images.</param>
/// <param name="Minimum">Minimum; for a text, its minimum bytes; null for none.</param>
/// <param name="Maximum">Maximum; for a text, its maximum bytes; null for none.</param>
/// <param name="LimitedBy">The server's setting that sets the range; null if it is fixed.</param>
/// <param name="Values">All values of a choice; those of samplers and schedulers are empty before the engine is loaded.</param>
/// <param name="Default">The default; null for none, or for the model's own.</param>
/// <param name="ModelDefault">Whether models can have their own default.</param>
/// <param name="Help">Help text.</param>
/// <param name="Families">The families of models that support it, as named in <c>GET /api/models</c>; null for all.</param>
/// <param name="Forwarded">Whether it is forwarded to other servers.</param>
/// <param name="JobTypes">The types of jobs that accept it.</param>
/// <param name="RequiredBy">The types of jobs that require it.</param>
/// <param name="InfotextLabel">Its label in infotexts; null for none.</param>
/// <param name="EngineOption">The engine's name for it; null for none.</param>
/// <param name="Arguments">Command-line flags of the engine that set it in models.yml.</param>
internal sealed record ParameterResponse(
    string Name, IReadOnlyList<string> Aliases, string Type, double? Minimum, double? Maximum, string? LimitedBy, IReadOnlyList<string>? Values, JsonNode? Default,
    bool ModelDefault, string Help, IReadOnlyList<string>? Families, bool Forwarded, IReadOnlyList<string> JobTypes, IReadOnlyList<string> RequiredBy, string? InfotextLabel, string? EngineOption, IReadOnlyList<string> Arguments);
