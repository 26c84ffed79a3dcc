using Microsoft.AspNetCore.Http.HttpResults;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Generation.Templates;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/wildcards</c>, <c>/api/templates</c>, <c>/api/prompts/tokens</c> and <c>/api/styles</c>: what prompts are made of.</summary>
internal static class WordsApi
{
    private const string Group = "Prompts";
    private const int MaxShownEntries = 20;
    private const int MaxPrompts = 100;
    private const int CountedTimes = 8;
    private const int MaxNameBytes = 200;

    public static void MapWordsApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/wildcards", (WildcardFolder wildcards) => TypedResults.Ok(
            new WildcardsResponse([.. wildcards.Lists.Select(list => new WildcardResponse(list.Key, list.Value.Count, [.. list.Value.Take(MaxShownEntries)]))])))
            .Describe("listWildcards", Group, "The lists that __name__ stands for in templates");
        api.MapPost("/templates/preview", PreviewAsync).Accepts<PreviewTemplateBody>("application/json")
            .Describe("previewTemplate", Group, "The prompts that a template makes, without generating", 400)
            .WithMetadata(new RequestExample("""{"prompt":"a {red|green|blue} circle","n":3,"seed":7}"""));
        api.MapPost("/prompts/tokens", CountAsync).Accepts<CountTokensBody>("application/json")
            .Describe("countTokens", Group, "Counts the tokens of a prompt, and tells how many a model reads at once", 400)
            .WithMetadata(new RequestExample("""{"prompt":"a red circle on a blue background","model":"sd15"}"""));
        RouteGroupBuilder styles = api.MapGroup("/styles");
        styles.MapGet("", (StyleBook book) => TypedResults.Ok(new StylesResponse(book.All))).Describe("listStyles", Group, "The styles of styles.csv");
        styles.MapPut("/{name}", PutStyleAsync).Accepts<StyleBody>("application/json").Describe("putStyle", Group, "Adds or changes a style", 400).RequireAdministrator()
            .WithMetadata(new RequestExample("""{"prompt":"{prompt}, oil painting","negative_prompt":"photo"}"""));
        styles.MapDelete("/{name}", Results<Ok<SuccessResponse>, NotFound<ErrorResponse>> (string name, StyleBook book) => book.Remove(RequestQuery.WithSlashes(name))
            ? TypedResults.Ok(new SuccessResponse(true))
            : ApiErrors.NotFound("Style not found")).Describe("deleteStyle", Group, "Deletes a style").RequireAdministrator();
    }

    private static async Task<Ok<TemplatePreviewResponse>> PreviewAsync(HttpContext context, PromptReader reader, LiveLimits limits)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        ParameterLimits now = limits.Now;
        var fields = new RequestFields(body.Fields);
        string prompt = fields.RequiredText("prompt", now.MaxPromptBytes) ?? "";
        string? negative = fields.BoundedText("negative_prompt", now.MaxPromptBytes);
        int count = (int)(fields.Integer(1, MaxPrompts, "n") ?? 1);
        long seed = fields.Integer(0, Parameters.MaxSeed - MaxPrompts, "seed") ?? 0;
        bool combinations = fields.Flag("combinatorial") ?? false;
        (prompt, negative) = reader.WithStyles(fields, prompt, negative);
        fields.ThrowIfRefused();
        try
        {
            return TypedResults.Ok(new TemplatePreviewResponse(reader.Prompts(prompt, negative, seed, count, combinations, now)));
        }
        catch (TemplateException exception)
        {
            throw new BadRequestException([new FieldProblem("prompt", $"prompt: {exception.Message}")], detail: null);
        }
    }

    private static async Task<Ok<TokenCountResponse>> CountAsync(HttpContext context, PromptReader reader, PromptTokens tokens, ClientModels models, ModelFileCache files, LiveLimits limits)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        // One that is too long to generate with is still told how long it is.
        string prompt = fields.BoundedText("prompt", CountedTimes * limits.Now.MaxPromptBytes) ?? "";
        ModelDefinition? model = null;
        if (fields.Text("model") is { Length: > 0 } name && (model = models.Find(name)) is null)
            fields.Refuse("model", $"model is '{RequestFields.Shown(name)}'; GET /api/models lists those that exist");
        (prompt, _) = reader.WithStyles(fields, prompt, null);
        fields.ThrowIfRefused();
        bool readsClip = model is { Remote: null, Files.Count: > 0 } && files.Of(ModelFileCache.At(model.MainFile))?.Family is ModelFamily.Sd1 or ModelFamily.Sd2 or ModelFamily.Sdxl;
        return TypedResults.Ok(new TokenCountResponse(tokens.Count(prompt), readsClip, readsClip ? PromptTokens.AtOnce : null));
    }

    private static async Task<Ok<Style>> PutStyleAsync(string name, HttpContext context, StyleBook book, LiveLimits limits)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        name = RequestQuery.WithSlashes(name);
        string prompt = fields.BoundedText("prompt", limits.Now.MaxPromptBytes) ?? "", negative = fields.BoundedText("negative_prompt", limits.Now.MaxPromptBytes) ?? "";
        if (name.Trim().Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > MaxNameBytes || name.Any(char.IsControl))
            fields.Refuse("name", $"The name of a style is one line of at most {MaxNameBytes} bytes");
        fields.ThrowIfRefused();
        var style = new Style(name.Trim(), prompt, negative);
        book.Put(style);
        return TypedResults.Ok(style);
    }
}

internal sealed record WildcardsResponse(IReadOnlyList<WildcardResponse> Wildcards);

/// <param name="Name">Its name in templates, between double underscores.</param>
/// <param name="Count">Number of entries.</param>
/// <param name="Entries">The first of them.</param>
internal sealed record WildcardResponse(string Name, int Count, IReadOnlyList<string> Entries);

/// <param name="Tokens">Counted with CLIP's vocabulary.</param>
/// <param name="Exact">true: the model uses that vocabulary (Stable Diffusion 1, 2 and XL); false: approximate, the model uses another one.</param>
/// <param name="AtOnce">Number of tokens that the model reads at once, longer prompts in parts; null for a model without that limit, or an unknown one.</param>
internal sealed record TokenCountResponse(int Tokens, bool Exact, int? AtOnce);

internal sealed record TemplatePreviewResponse(IReadOnlyList<TemplatePrompt> Prompts);

internal sealed record StylesResponse(IReadOnlyList<Style> Styles);
