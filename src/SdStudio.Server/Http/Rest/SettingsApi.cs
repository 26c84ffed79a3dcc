using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Generation.Reading;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>POST /api/settings/read</c>: the settings inside an image of any program, or in pasted text, as a request to this server.</summary>
internal static class SettingsApi
{
    public static void MapSettingsApi(this IEndpointRouteBuilder api) => api.MapPost("/settings/read", ReadAsync)
        .Accepts<ReadSettingsBody>("application/json", "multipart/form-data", "application/x-www-form-urlencoded")
        .Describe("readSettings", ImageListApi.Group, "Reads the settings inside an image, or in text", 400, 413)
        .WithMetadata(new RequestExample("""{"text":"a red circle\nSteps: 8, Sampler: Euler a, CFG scale: 1, Seed: 7, Size: 256x256"}"""));

    /// <summary>This server's model that made an image: by its hash, or else by its name; null for none.</summary>
    public static ModelDefinition? ModelOf(FoundSettings found, ClientModels models) =>
        (found.Values.GetValueOrDefault("Model hash") is { Length: > 0 } hash ? models.Find(hash) : null) ?? (found.Values.GetValueOrDefault("Model") is { Length: > 0 } name ? models.Find(name) : null);

    private static async Task<Results<Ok<ReadSettingsResponse>, NotFound<ErrorResponse>>> ReadAsync(HttpContext context, ClientModels models, LiveLimits limits)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        string? text = fields.Text("text");
        byte[]? image = body.File("image") ?? body.File("file");
        if ((text is null) == (image is null))
            fields.Refuse("image", "Send an image file in image, or text in text");
        fields.ThrowIfRefused();
        FoundSettings? found = image is null ? SettingsReader.Read(text!, takesWords: true) : SettingsReader.Read(XmpText.Merged(ImageDecoder.Texts(image, "image")));
        if (found is null)
            return ApiErrors.NotFound(image is null ? "There are no settings in this text" : "There are no settings in this image; some sites and programs remove them");
        (JsonObject request, IReadOnlyList<string> ignored) = SettingsReader.ToRequest(found, await limits.ReadyAsync(context.RequestAborted));
        ModelDefinition? model = ModelOf(found, models);
        if (model is not null)
            request["model"] = model.Id;
        if (request["hires_model"] is { } named && models.Find(named.ToString()) is var second)
        {
            request.Remove("hires_model");
            if (second is null)
                ignored = [.. ignored, "Hires checkpoint"];
            else if (second.Id != model?.Id)
                request["hires_model"] = second.Id;
        }

        return TypedResults.Ok(
            new ReadSettingsResponse(found.Program, request, ignored, found.Values.GetValueOrDefault("Model"), found.Values.GetValueOrDefault("Model hash"), model?.Id, found.Text)
            {
                PromptTemplate = found.Values.GetValueOrDefault("Template"), NegativePromptTemplate = found.Values.GetValueOrDefault("Negative Template"),
            });
    }
}

/// <param name="Program">The format: automatic1111 (its forks and this server too), comfyui, invokeai, swarmui, fooocus, novelai or civitai.</param>
/// <param name="Request">The fields of a request to this server.</param>
/// <param name="Ignored">Settings that this server has no field for, by their original names.</param>
/// <param name="Model">The model's name in the source; null if missing.</param>
/// <param name="ModelHash">The model's hash in the source; null if missing.</param>
/// <param name="LocalModel">The model on this server with that hash or name; null for none.</param>
/// <param name="Text">The original text.</param>
internal sealed record ReadSettingsResponse(string Program, JsonObject Request, IReadOnlyList<string> Ignored, string? Model, string? ModelHash, string? LocalModel, string Text)
{
    /// <summary>The template of the prompt; null for none.</summary>
    public string? PromptTemplate { get; init; }

    /// <summary>The template of the negative prompt; null for none.</summary>
    public string? NegativePromptTemplate { get; init; }
}
