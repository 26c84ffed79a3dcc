using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/presets</c>: named sets of settings. What the list answers can be sent to the import of another server.</summary>
internal static class PresetsApi
{
    private const string Group = "Prompts";
    private const int MaxPresets = 1000;

    public static void MapPresetsApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder presets = api.MapGroup("/presets");
        presets.MapGet("", async (HttpContext context, IPresetStore store) => TypedResults.Ok(
            new PresetsResponse([.. (await store.ListAsync(ApiKeys.OwnerOf(context), context.RequestAborted)).Select(Of)])))
            .Describe("listPresets", Group, "The presets of this key");
        presets.MapPut("/{name}", PutAsync).Accepts<PresetBody>("application/json").Describe("putPreset", Group, "Adds or changes a preset: any fields of requests, e.g. steps, cfg_scale and styles", 400);
        presets.MapPost("/import", ImportAsync).Accepts<PresetsResponse>("application/json").Describe("importPresets", Group, "Adds the presets of an export, all or none", 400)
            .WithMetadata(new RequestExample("""{"presets":[{"name":"quick","settings":{"steps":4}}]}"""));
        presets.MapDelete("/{name}", async Task<Results<Ok<SuccessResponse>, NotFound<ErrorResponse>>> (string name, HttpContext context, IPresetStore store) => await store.DeleteAsync(RequestQuery.WithSlashes(name), ApiKeys.OwnerOf(context), context.RequestAborted)
            ? TypedResults.Ok(new SuccessResponse(true))
            : ApiErrors.NotFound("Preset not found")).Describe("deletePreset", Group, "Deletes a preset");
    }

    private static async Task<Ok<PresetResponse>> PutAsync(string name, HttpContext context, IPresetStore store, Presets presets)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (body.Files.Count > 0)
            throw new BadRequestException([new FieldProblem(body.Files.First().Key, $"{body.Files.First().Key} is not a setting for presets: images belong to a single request")], detail: null);
        Preset preset = presets.Checked(RequestQuery.WithSlashes(name), body.Fields);
        await store.PutAsync([preset], ApiKeys.OwnerOf(context), context.RequestAborted);
        return TypedResults.Ok(Of(preset));
    }

    private static async Task<Ok<ImportedPresetsResponse>> ImportAsync(HttpContext context, IPresetStore store, Presets presets)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        IReadOnlyList<JsonElement> items = fields.List("presets");
        if (items.Count is 0 or > MaxPresets)
            fields.Refuse("presets", $"presets is a list of 1 to {MaxPresets} objects with name and settings");
        fields.ThrowIfRefused();
        List<Preset> read = [.. items.Select(item => presets.Checked(NameOf(item), SettingsOf(item)))];
        await store.PutAsync(read, ApiKeys.OwnerOf(context), context.RequestAborted);
        return TypedResults.Ok(new ImportedPresetsResponse(read.Count));
    }

    private static string NameOf(JsonElement item) => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out JsonElement name) ? RequestFields.TextOf(name) ?? "" : "";

    private static Dictionary<string, JsonElement> SettingsOf(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("settings", out JsonElement settings) && settings.ValueKind == JsonValueKind.Object
            ? settings.EnumerateObject().GroupBy(field => field.Name, StringComparer.Ordinal).ToDictionary(field => field.Key, field => field.Last().Value.Clone(), StringComparer.Ordinal)
            : throw new BadRequestException("presets: each is an object with name and settings");

    private static PresetResponse Of(Preset preset) => new(preset.Name, Presets.FieldsOf(preset));
}

internal sealed record PresetsResponse(IReadOnlyList<PresetResponse> Presets);

/// <param name="Name">For the request field preset.</param>
/// <param name="Settings">Fields of requests.</param>
internal sealed record PresetResponse(string Name, Dictionary<string, JsonElement> Settings);

internal sealed record ImportedPresetsResponse(int Imported);
