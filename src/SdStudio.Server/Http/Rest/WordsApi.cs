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
        api.MapGet("/wildcards", (WildcardFolder wildcards) => Results.Json(
            new WildcardsResponse([.. wildcards.Lists.Select(list => new WildcardResponse(list.Key, list.Value.Count, [.. list.Value.Take(MaxShownEntries)]))]), ApiJson.Readable.WildcardsResponse))
            .ProducesJson<WildcardsResponse>("listWildcards", Group, "The lists that __name__ stands for in templates");
        api.MapPost("/templates/preview", PreviewAsync).Accepts<PreviewTemplateBody>("application/json")
            .ProducesJson<TemplatePreviewResponse>("previewTemplate", Group, "What a template makes, without generating", 400)
            .WithMetadata(new RequestExample("""{"prompt":"a {red|green|blue} circle","n":3,"seed":7}"""));
        api.MapPost("/prompts/tokens", CountAsync).Accepts<CountTokensBody>("application/json")
            .ProducesJson<TokenCountResponse>("countTokens", Group, "How many tokens a prompt has, and how many a model reads at once", 400)
            .WithMetadata(new RequestExample("""{"prompt":"a red circle on a blue background","model":"sd15"}"""));
        RouteGroupBuilder styles = api.MapGroup("/styles");
        styles.MapGet("", (StyleBook book) => Results.Json(new StylesResponse(book.All), ApiJson.Readable.StylesResponse)).ProducesJson<StylesResponse>("listStyles", Group, "The styles of styles.csv");
        styles.MapPut("/{name}", PutStyleAsync).Accepts<StyleBody>("application/json").ProducesJson<Style>("putStyle", Group, "Adds or changes a style", 400).RequireAdministrator()
            .WithMetadata(new RequestExample("""{"prompt":"{prompt}, oil painting","negative_prompt":"photo"}"""));
        styles.MapDelete("/{name}", (string name, StyleBook book) => book.Remove(name)
            ? Results.Json(new SuccessResponse(true), ApiJson.Readable.SuccessResponse)
            : ApiErrors.NotFound("Style not found")).ProducesJson<SuccessResponse>("deleteStyle", Group, "Deletes a style", 404).RequireAdministrator();
    }

    private static async Task<IResult> PreviewAsync(HttpContext context, PromptReader reader, LiveLimits limits)
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
            return Results.Json(new TemplatePreviewResponse(reader.Prompts(prompt, negative, seed, count, combinations, now)), ApiJson.Readable.TemplatePreviewResponse);
        }
        catch (TemplateException exception)
        {
            throw new BadRequestException([new FieldProblem("prompt", $"prompt: {exception.Message}")], detail: null);
        }
    }

    private static async Task<IResult> CountAsync(HttpContext context, PromptReader reader, PromptTokens tokens, ClientModels models, ModelFileCache files, LiveLimits limits)
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
        return Results.Json(new TokenCountResponse(tokens.Count(prompt), readsClip, readsClip ? PromptTokens.AtOnce : null), ApiJson.Readable.TokenCountResponse);
    }

    private static async Task<IResult> PutStyleAsync(string name, HttpContext context, StyleBook book, LiveLimits limits)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        string prompt = fields.BoundedText("prompt", limits.Now.MaxPromptBytes) ?? "", negative = fields.BoundedText("negative_prompt", limits.Now.MaxPromptBytes) ?? "";
        if (name.Trim().Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > MaxNameBytes || name.Any(char.IsControl))
            fields.Refuse("name", $"The name of a style is one line of at most {MaxNameBytes} bytes");
        fields.ThrowIfRefused();
        var style = new Style(name.Trim(), prompt, negative);
        book.Put(style);
        return Results.Json(style, ApiJson.Readable.Style);
    }
}

internal sealed record WildcardsResponse(IReadOnlyList<WildcardResponse> Wildcards);

/// <param name="Name">As templates have it between two underscores on either side.</param>
/// <param name="Count">How many entries it has.</param>
/// <param name="Entries">The first of them.</param>
internal sealed record WildcardResponse(string Name, int Count, IReadOnlyList<string> Entries);

/// <param name="Tokens">By the vocabulary of CLIP.</param>
/// <param name="Exact">Whether the model reads by it (Stable Diffusion 1, 2 and XL); false: about as many, by another vocabulary.</param>
/// <param name="AtOnce">How many it looks at together, longer prompts in several looks; null for a model without such a bound, or an unknown one.</param>
internal sealed record TokenCountResponse(int Tokens, bool Exact, int? AtOnce);

internal sealed record TemplatePreviewResponse(IReadOnlyList<TemplatePrompt> Prompts);

internal sealed record StylesResponse(IReadOnlyList<Style> Styles);
