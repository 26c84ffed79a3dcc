using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>
/// A body of OpenAI's images API in the words of the REST API. What only OpenAI's has is read here; every other field goes through under
/// the REST API's name, so that these clients can set <c>steps</c>, <c>seed</c> or <c>negative_prompt</c> too.
/// </summary>
internal sealed class OpenAiRequest
{
    private const int MaxPartialImages = 3;
    private const int DefaultQuality = 100;

    private static readonly string[] OpenAiOnly =
    [
        "response_format", "stream", "partial_images", "user", "background", "moderation", "output_format", "output_compression", "input_fidelity", "on_disconnect", "images",
    ];

    // These answer with an address unless asked otherwise, and their clients read nothing else.
    private static readonly string[] UrlByDefault = ["dall-e-2", "dall-e-3"];

    private readonly RequestFields _fields;

    public OpenAiRequest(RequestBody body, ParameterLimits limits, ClientModels models, bool fromImage)
    {
        _fields = new RequestFields(body.Fields);
        Stream = _fields.Flag("stream") ?? false;
        string? format = _fields.OneOf(["url", "b64_json"], "response_format");
        AsUrl = format == "url" || (format is null && !Stream && UrlByDefault.Contains(_fields.Text("model"), StringComparer.OrdinalIgnoreCase));
        PartialImages = (int)(_fields.Integer(0, MaxPartialImages, "partial_images") ?? 0);
        Format = _fields.OneOf(ImageFormats.All, "output_format") ?? ImageFormats.Png;
        Compression = (int)(_fields.Integer(0, 100, "output_compression") ?? DefaultQuality);
        if (_fields.OneOf(["auto", "opaque", "transparent"], "background") == "transparent")
            _fields.Refuse("background", "background is 'transparent'; allowed is auto or opaque: the models fill every pixel");
        if (AsUrl && Stream)
            _fields.Refuse("response_format", "response_format is 'url'; a stream sends b64_json");
        Quality = _fields.Text("quality") is { } quality && Parameters.Get("quality").TryRead(quality, limits, out object? known) ? (string)known! : "auto";
        Body = Translate(body, limits, models, fromImage);
        Notes = !fromImage && body.Files.ContainsKey("mask") ? ["mask was ignored: these images begin from none; POST /v1/images/edits takes both"] : [];
        _fields.ThrowIfRefused();
    }

    public bool AsUrl { get; }

    public bool Stream { get; }

    public int PartialImages { get; }

    public string Format { get; }

    /// <summary>Of JPEG and WebP, 0 to 100.</summary>
    public int Compression { get; }

    public string Quality { get; }

    /// <summary>In the words of the REST API.</summary>
    public RequestBody Body { get; }

    /// <summary>What was left out, for people.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The error for a model that is not here.</summary>
    public static BadRequestException UnknownModel(string name) =>
        new([new FieldProblem("model", $"The model '{RequestFields.Shown(name)}' does not exist; GET /v1/models lists those that do")], detail: null, StatusCodes.Status404NotFound)
        {
            Code = "model_not_found",
        };

    private RequestBody Translate(RequestBody body, ParameterLimits limits, ClientModels models, bool fromImage)
    {
        Dictionary<string, JsonElement> fields = body.Fields.Where(field => !OpenAiOnly.Contains(field.Key)).ToDictionary(StringComparer.Ordinal);
        void Put(string name, string? text)
        {
            fields.Remove(name);
            if (text is not null)
                fields[name] = JsonSerializer.SerializeToElement(text, ApiJson.Readable.String);
        }

        Put("model", FindModel(models, fromImage)?.Id);
        Put("quality", Quality);
        (string? sampler, string? scheduler) = SamplerNames.Find(
            limits.Samplers, limits.Schedulers, _fields.Text("sampler") ?? _fields.Text("sampling_method") ?? _fields.Text("sampler_name"), _fields.Text("scheduler"));
        // What is not known under any name is refused by its own field.
        if (sampler is not null)
            Put("sampler", sampler);
        if (scheduler is not null)
            Put("scheduler", scheduler);
        var files = new Dictionary<string, IReadOnlyList<byte[]>>(StringComparer.Ordinal);
        if (fromImage && OpenAiInputs.Of(body) is { Count: > 0 } images)
            files["image"] = images;
        foreach (string name in Parameters.Get("ref_images").Names)
        {
            if ((body.Files.GetValueOrDefault(name) ?? body.Files.GetValueOrDefault(name + "[]")) is { } references)
                files[name] = references;
        }

        if (body.Files.TryGetValue("mask", out IReadOnlyList<byte[]>? mask))
            files["mask"] = mask;
        return body.Translated(fields, files);
    }

    private ModelDefinition FindModel(ClientModels models, bool fromImage)
    {
        string? name = _fields.Text("model");
        ModelDefinition model = models.FindForOpenAi(name, fromImage) ?? (name is null || ClientModels.IsOpenAiName(name) ? throw models.NoneCanBeUsed() : throw UnknownModel(name));
        return models.Usable(model);
    }
}
