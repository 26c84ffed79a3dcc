using Microsoft.AspNetCore.Http.HttpResults;
using SdCpp.Interop;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/loras</c>: the LoRAs with what people want to know of them.</summary>
internal static class LorasApi
{
    private const string Group = "Models";

    public static void MapLorasApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder loras = api.MapGroup("/loras");
        loras.MapGet("", List).Describe("listLoras", Group, "The LoRAs with family, trigger words, tags and notes", 400)
            .WithQuery(new QueryParameter("model", "A model's id; tells which LoRAs fit it"), QueryParameter.Flag("fitting", "Only those that fit the model"));
        loras.MapGet("/{name}/preview", (string name, LoraFolder folder, PreviewFiles previews, HttpContext context) =>
                previews.AnswerAsync(folder.Find(name) ?? folder.Find(RequestQuery.WithSlashes(name)), context))
            .ProducesFile("getLoraPreview", Group, "The example image of a LoRA", "image/webp", 404);
    }

    private static Ok<LorasResponse> List(HttpRequest request, ModelCatalogue catalogue, LoraShelf shelf)
    {
        var query = new RequestQuery(request);
        ModelDefinition? model = query.Text("model") is not { } id ? null
            : catalogue.Find(id) ?? throw new BadRequestException([new FieldProblem("model", $"model is '{RequestFields.Shown(id)}'; there is no such model, GET /api/models lists them")], detail: null);
        bool onlyFitting = query.Flag("fitting");
        return TypedResults.Ok(new LorasResponse([.. shelf.For(model).Where(lora => !onlyFitting || lora.Problem(model) is null).Select(lora => Of(lora, model))]));
    }

    private static LoraResponse Of(ShelfLora lora, ModelDefinition? model) => new(lora.Name, lora.Card.Title, lora.File.Exists ? lora.File.Length : 0)
    {
        Family = lora.Info is { Family: not ModelFamily.Unknown } info ? ParametersApi.NameOf(info.Family) : null,
        BaseModel = lora.Card.BaseModel,
        Fits = lora.Fits,
        Problem = lora.Problem(model),
        TriggerWords = lora.Card.TriggerWords,
        Tags = lora.Card.Tags,
        Notes = lora.Card.Notes,
        Weight = lora.Card.Weight,
        License = lora.Card.License,
        Author = lora.Card.Author,
        PreviewUrl = lora.Card.HasPreview ? $"/api/loras/{Uri.EscapeDataString(lora.Name)}/preview" : null,
    };
}

internal sealed record LorasResponse(IReadOnlyList<LoraResponse> Loras);

/// <param name="Name">For requests: in <c>loras</c>, and in prompts as <c>&lt;lora:name:1&gt;</c>.</param>
/// <param name="Title">The title given by its author; null if unknown.</param>
/// <param name="Bytes">Of its file.</param>
internal sealed record LoraResponse(string Name, string? Title, long Bytes)
{
    /// <summary>The family of models that it is for, from its tensors, as named in <c>GET /api/parameters</c>; null if unknown.</summary>
    public string? Family { get; init; }

    /// <summary>The base model as named by its author.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Whether the model of the query can use it; null without a model, or if unknown.</summary>
    public bool? Fits { get; init; }

    /// <summary>Why it cannot be used; null if it can.</summary>
    public string? Problem { get; init; }

    /// <summary>Its trigger words.</summary>
    public IReadOnlyList<string> TriggerWords { get; init; } = [];

    /// <summary>Tags of its training images, at most 50, the most frequent first.</summary>
    public IReadOnlyList<TagCount> Tags { get; init; } = [];

    /// <summary>Your notes, or its author's.</summary>
    public string? Notes { get; init; }

    /// <summary>The recommended weight; null if unknown.</summary>
    public double? Weight { get; init; }

    public string? License { get; init; }

    public string? Author { get; init; }

    /// <summary>Its example image; null for none.</summary>
    public string? PreviewUrl { get; init; }
}
