using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.SdServer;

/// <summary>What the engine's own server says of itself. It has one model; here it is the usual one of each kind, or the one that is asked for.</summary>
internal sealed class SdServerCapabilities(SdServerContext context, LiveLimits limits, IOptions<StudioOptions> options)
{
    private const string Images = "img_gen";
    private const string Video = "vid_gen";
    private static readonly string[] OfImages = ["init_image", "mask_image", "control_image", "ip_adapter_image", "ref_images", "lora", "vae_tiling", "hires", "cancel_queued", "cancel_generating"];
    private static readonly string[] OfVideos = ["init_image", "end_image", "control_frames", "high_noise_sample_params", "lora", "vae_tiling", "cancel_queued", "cancel_generating"];

    /// <param name="name">A model; null for the usual ones.</param>
    /// <param name="cancellation">The client left.</param>
    /// <exception cref="BadRequestException">There is no such model.</exception>
    public async Task<JsonObject> OfAsync(string? name, CancellationToken cancellation)
    {
        ParameterLimits now = await limits.ReadyAsync(JobType.Video, cancellation);
        ModelDefinition? asked = name is null ? null : context.Models.Find(name)
            ?? throw new BadRequestException([new FieldProblem("model", $"model is '{RequestFields.Shown(name)}'; GET /v1/models lists the models")], detail: null, StatusCodes.Status404NotFound);
        bool makesVideos = asked is not null && context.Videos.Makes(asked);
        ModelDefinition? still = asked is null ? context.Models.DefaultTextToImage : makesVideos ? null : asked;
        ModelDefinition? moving = asked is null ? context.Videos.Usual : makesVideos ? asked : null;
        var modes = new List<(string Name, JsonObject Defaults, JsonArray Formats, JsonObject Features)>();
        if (still is not null)
            modes.Add((Images, DefaultsOf(still), Texts(ImageFormats.All), Flags(OfImages)));
        if (moving is not null)
            modes.Add((Video, DefaultsOf(moving, now), Texts(now.VideoFormats.Where(format => format != VideoFormats.Apng)), Flags(OfVideos)));
        return new JsonObject
        {
            ["model"] = NamesOf(still ?? moving),
            ["models"] = A1111Responses.List(context.Models.All.Select(model => (JsonNode)new JsonObject { ["name"] = model.Id, ["mode"] = context.Videos.Makes(model) ? Video : Images })),
            ["current_mode"] = modes is [var first, ..] ? first.Name : "",
            ["supported_modes"] = Texts(modes.Select(mode => mode.Name)),
            ["defaults"] = modes is [var one, ..] ? one.Defaults.DeepClone() : new JsonObject(),
            ["output_formats"] = modes is [var two, ..] ? two.Formats.DeepClone() : new JsonArray(),
            ["features"] = modes is [var three, ..] ? three.Features.DeepClone() : new JsonObject(),
            ["defaults_by_mode"] = new JsonObject(modes.Select(mode => KeyValuePair.Create(mode.Name, (JsonNode?)mode.Defaults))),
            ["output_formats_by_mode"] = new JsonObject(modes.Select(mode => KeyValuePair.Create(mode.Name, (JsonNode?)mode.Formats))),
            ["features_by_mode"] = new JsonObject(modes.Select(mode => KeyValuePair.Create(mode.Name, (JsonNode?)mode.Features))),
            ["samplers"] = Texts(now.Samplers),
            ["schedulers"] = Texts(now.Schedulers),
            ["loras"] = A1111Responses.List(context.Lookups.Loras.Paths.Select(path => (JsonNode)new JsonObject
            {
                ["name"] = context.Lookups.Loras.NameOf(path), ["path"] = context.Lookups.Loras.NameOf(path) + Path.GetExtension(path),
            })),
            ["upscalers"] = A1111Responses.List(context.Catalogue.Upscalers.Where(upscaler => upscaler.IsThere).Select(upscaler => upscaler.Name).Concat(LatentUpscalers.All).Prepend("None")
                .Select(upscaler => (JsonNode)new JsonObject { ["name"] = upscaler })),
            ["limits"] = new JsonObject
            {
                ["min_width"] = Parameters.MinSide, ["max_width"] = now.MaxSide, ["min_height"] = Parameters.MinSide, ["max_height"] = now.MaxSide,
                ["max_batch_count"] = now.MaxImages, ["max_video_frames"] = now.MaxFrames, ["max_queue_size"] = options.Value.Queue.MaxWaiting,
            },
        };
    }

    // Files lie where nobody else needs to know.
    private static JsonObject NamesOf(ModelDefinition? model) => new()
    {
        ["name"] = model is null ? "" : Path.GetFileName(model.MainFile), ["stem"] = model is null ? "" : Path.GetFileNameWithoutExtension(model.MainFile), ["path"] = model?.Id ?? "",
    };

    private static JsonObject DefaultsOf(ModelDefinition model) => new(Common(model))
    {
        ["strength"] = Parameters.DefaultStrength, ["batch_count"] = 1, ["control_strength"] = 1, ["ip_adapter_strength"] = 1,
        ["hires"] = new JsonObject
        {
            ["enabled"] = false, ["upscaler"] = Parameters.Resampler, ["scale"] = 2, ["target_width"] = 0, ["target_height"] = 0, ["steps"] = 0, ["denoising_strength"] = Parameters.DefaultStrength,
        },
        ["output_format"] = SdServerReader.Usual.Format, ["output_compression"] = SdServerReader.Usual.Quality,
    };

    private static JsonObject DefaultsOf(ModelDefinition model, ParameterLimits limits) => new(Common(model))
    {
        ["video_frames"] = model.Defaults.Value<long>("frames"), ["fps"] = model.Defaults.Value<long>("fps"),
        ["output_format"] = limits.VideoFormats.Contains(VideoFormats.Webm) ? VideoFormats.Webm : VideoSetting.DefaultFormat, ["output_compression"] = SdServerReader.Usual.Quality,
    };

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Common(ModelDefinition model) =>
    [
        new("prompt", ""), new("negative_prompt", ""), new("clip_skip", -1), new("width", model.DefaultSize.Width), new("height", model.DefaultSize.Height), new("seed", -1),
        new("sample_params", new JsonObject
        {
            ["scheduler"] = model.DefaultScheduler ?? "default", ["sample_method"] = model.DefaultSampler ?? "default", ["sample_steps"] = model.DefaultSteps,
            ["eta"] = null, ["flow_shift"] = null, ["guidance"] = new JsonObject { ["txt_cfg"] = model.DefaultCfgScale, ["img_cfg"] = null },
        }),
        new("vae_tiling_params", new JsonObject { ["enabled"] = model.Defaults.Value<bool>("vae_tiling") }),
        new("cache_mode", "disabled"),
    ];

    private static JsonArray Texts(IEnumerable<string> texts) => A1111Responses.List(texts.Select(text => (JsonNode)text));

    private static JsonObject Flags(IEnumerable<string> names) => new(names.Select(name => KeyValuePair.Create(name, (JsonNode?)true)));
}
