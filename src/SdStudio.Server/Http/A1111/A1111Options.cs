using System.Text.Json;
using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary>
/// <c>/sdapi/v1/options</c>: what clients set and read back. The model is used by the requests after it, as in Automatic1111; the rest is
/// kept for the clients.
/// </summary>
internal sealed class A1111Options(JsonObject stored, ClientModels models)
{
    public const string CheckpointKey = "sd_model_checkpoint";
    public const string ClipLayersKey = "CLIP_stop_at_last_layers";
    public const string VaeKey = "sd_vae";
    public const string NoDetectedMapKey = "control_net_no_detected_map";

    // What Automatic1111 starts with, of the settings that clients look at.
    private const string Defaults =
        """
        {"samples_save":true,"samples_format":"png","sd_vae":"Automatic","CLIP_stop_at_last_layers":1,"send_seed":true,"send_size":true,
         "return_grid":false,"do_not_show_images":false,"enable_pnginfo":true,"show_progress_every_n_steps":10,"live_previews_enable":true,
         "img2img_color_correction":false,"initial_noise_multiplier":1.0,"face_restoration_model":null,"upscaler_for_img2img":null,"outdir_samples":""}
        """;

    private static readonly Dictionary<string, JsonElement> DefaultValues = JsonSerializer.Deserialize(Defaults, ApiJson.Readable.DictionaryStringJsonElement)!;

    /// <summary>The model that requests use which name none; its files are there. Null when no model has them.</summary>
    public ModelDefinition? Model =>
        stored[CheckpointKey] is JsonValue value && value.TryGetValue(out string? title) && models.Find(title) is { } chosen && models.All.Contains(chosen)
            ? chosen
            : models.DefaultTextToImage;

    /// <summary>Layers of the text encoder to stop at, as <c>CLIP_stop_at_last_layers</c> has it; 1 for the model's own.</summary>
    public string? ClipLayers => stored[ClipLayersKey]?.ToString();

    /// <summary>The decoder of requests that name none.</summary>
    public string? Vae => stored[VaeKey]?.ToString();

    /// <summary>Whether images are sent without what a ControlNet sees.</summary>
    public bool NoDetectedMap => stored[NoDetectedMapKey]?.ToString() is { } text && TextValues.TryFlag(text, out bool isOff) && isOff;

    /// <summary>Every setting.</summary>
    public JsonObject Read()
    {
        var all = (JsonObject)JsonNode.Parse(Defaults)!;
        foreach ((string key, JsonNode? value) in stored)
            all[key] = value?.DeepClone();
        ModelDefinition? model = Model;
        all[CheckpointKey] = model is null ? null : models.TitleOf(model);
        all["sd_checkpoint_hash"] = model is null ? null : models.Sha256Of(model);
        return all;
    }

    /// <summary>These settings with changes, as they are kept.</summary>
    /// <exception cref="BadRequestException">The model is not known.</exception>
    public string With(IReadOnlyDictionary<string, JsonElement> changes)
    {
        var fields = new RequestFields(changes);
        foreach ((string key, JsonElement value) in changes)
            stored[key] = JsonNode.Parse(value.GetRawText());
        if (fields.Text(CheckpointKey) is { } checkpoint)
            stored[CheckpointKey] = models.TitleOf(Require(checkpoint, CheckpointKey));
        fields.ThrowIfRefused();
        return stored.ToJsonString(ApiJson.Readable.Options);
    }

    /// <summary>The model that a client calls so.</summary>
    /// <exception cref="BadRequestException">There is none, or it has no files; the message names those that can be used.</exception>
    public ModelDefinition Require(string text, string field)
    {
        if (models.Find(text) is not { } model)
            throw new BadRequestException($"Model not found: {RequestFields.Shown(text)} (in {field})", $"Available models: {string.Join(", ", models.All.Select(models.TitleOf))}");
        return models.Usable(model);
    }

    /// <summary>The model of requests that name none.</summary>
    /// <exception cref="BadRequestException">No model can be used.</exception>
    public ModelDefinition RequireChosen() => Model ?? throw models.NoneCanBeUsed();

    /// <summary>Whether a setting asks for something else than what is done without it.</summary>
    public static bool ChangesSomething(string key, JsonElement value) => value.ValueKind != JsonValueKind.Null
        && !(RequestFields.TextOf(value) is { } text && A1111GenerationReader.IsDefaultName(text))
        && !(DefaultValues.TryGetValue(key, out JsonElement usual) && JsonElement.DeepEquals(usual, value));
}

/// <summary>Keeps the options: each named key has its own.</summary>
internal sealed class A1111OptionStore(ISharedState state, ClientModels models)
{
    private const string StateKey = "sdapi_options";
    private const int MaxBytes = 256 * 1024;

    /// <summary>The options of a caller as they are now.</summary>
    public async ValueTask<A1111Options> LoadAsync(HttpContext context) => Of(await state.TextAsync(KeyOf(context), context.RequestAborted));

    /// <summary>Keeps settings of a caller.</summary>
    /// <exception cref="BadRequestException">The model is not known, or it is too much.</exception>
    public ValueTask WriteAsync(HttpContext context, IReadOnlyDictionary<string, JsonElement> changes) => state.ChangeTextAsync(
        KeyOf(context),
        stored =>
        {
            string text = Of(stored).With(changes);
            return text.Length <= MaxBytes ? text : throw new BadRequestException($"The options have {text.Length} characters; allowed are at most {MaxBytes}");
        },
        context.RequestAborted);

    private static string KeyOf(HttpContext context) => ApiKeys.ScopeOf(context).Owner is { } owner ? $"{StateKey}:{owner}" : StateKey;

    private A1111Options Of(string? stored) => new(stored is null ? [] : (JsonObject)JsonNode.Parse(stored)!, models);
}
