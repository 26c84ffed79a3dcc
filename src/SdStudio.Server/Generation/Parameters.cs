using SdCpp.Interop;
using static SdStudio.Server.Generation.JobTypes;
using static SdStudio.Server.Generation.ParameterKind;

namespace SdStudio.Server.Generation;

/// <summary>
/// The parameters of a generation, one row each, in the order that infotexts have. A new one is a row here, a property of
/// <see cref="GenerationSettings"/> and, unless the row names the engine's option, a line in the engine request.
/// </summary>
internal static partial class Parameters
{
    /// <summary>What every JSON reader keeps exactly: 2^53 - 1.</summary>
    public const long MaxSeed = (1L << 53) - 1;

    /// <summary>Shortest side that is generated: the engine's grid.</summary>
    public const int MinSide = 8;

    /// <summary>The value of <c>strength</c> without one.</summary>
    public const double DefaultStrength = 0.75;

    /// <summary>What scales images without a model.</summary>
    public const string Resampler = "Lanczos";

    /// <summary>What the REST document upscales with when a request names nothing.</summary>
    public const string DefaultUpscaler = "RealESRGAN 4x+";

    /// <summary>OpenAI's words of quality.</summary>
    public static IReadOnlyList<string> Qualities { get; } = ["auto", "low", "medium", "high", "hd", "standard"];

    // What the original studio chooses a random seed from.
    private const long SeedCount = (1L << 32) - 1;

    private static readonly ModelFamily[] WithClip = [ModelFamily.Sd1, ModelFamily.Sd2, ModelFamily.Sdxl];

    // Newer models follow a straight path from noise to image.
    private static readonly ModelFamily[] Flow = [.. Enum.GetValues<ModelFamily>().Except([.. WithClip, ModelFamily.Unknown, ModelFamily.Esrgan])];

    /// <summary>The families whose models make videos.</summary>
    public static IReadOnlyList<ModelFamily> VideoFamilies { get; } = [ModelFamily.Wan, ModelFamily.Ltx, ModelFamily.HunyuanVideo];

    /// <summary>Every parameter.</summary>
    public static IReadOnlyList<Parameter> All { get; } = [.. Rows()];

    private static readonly Dictionary<string, Parameter> ByName = All
        .SelectMany(parameter => parameter.Names.Select(name => (name, parameter))).ToDictionary(pair => pair.name, pair => pair.parameter, StringComparer.Ordinal);

    private static readonly Dictionary<string, IReadOnlyList<Parameter>> ByJobType = JobType.WithImages.ToDictionary<string, string, IReadOnlyList<Parameter>>(
        type => type, type => [.. All.Where(parameter => parameter.Jobs.HasFlag(TypeOf(type)))], StringComparer.Ordinal);

    /// <summary>The parameters of a type of job.</summary>
    public static IReadOnlyList<Parameter> Of(string jobType) => ByJobType.GetValueOrDefault(jobType, []);

    /// <summary>The parameter of that name or alias; null for none.</summary>
    public static Parameter? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The parameter of that name, which there is.</summary>
    public static Parameter Get(string name) => ByName[name];

    /// <summary>A type of job as a flag.</summary>
    public static JobTypes TypeOf(string jobType) => jobType switch
    {
        JobType.Generate => Generate,
        JobType.Edit => Edit,
        JobType.Variation => Variation,
        JobType.Upscale => Upscale,
        JobType.Video => Video,
        _ => None,
    };

    private static IEnumerable<Parameter> Rows() => [.. What, .. Sampling, .. SecondPass, .. Input, .. Inpainting, .. Scaling, .. Moving, .. Submission];

    private static Parameter[] What =>
    [
        new("prompt", Text, WithModel, "What to generate; may contain LoRAs as <lora:name:weight>")
        {
            Required = Generate | Edit | Video, Range = l => (0, l.MaxPromptBytes), LimitedBy = "SdStudio:Limits:MaxPromptBytes", Get = s => s.Prompt,
        },
        new("negative_prompt", Text, WithModel, "What to avoid; needs cfg_scale above 1")
        {
            Range = l => (0, l.MaxPromptBytes), LimitedBy = "SdStudio:Limits:MaxPromptBytes", Forwarded = true,
            Get = s => s.NegativePrompt, Set = (s, v) => s with { NegativePrompt = (string)v },
        },
        new("template", Flag, WithModel, "Whether prompt and negative_prompt are templates, with {red|green} or __wildcard__; each image gets its own words, which depend on its seed")
        {
            OfModel = true, Set = (s, v) => s with { IsTemplate = (bool)v },
        },
        new("combinatorial", Flag, Still, "With template: each image is a different combination, up to n"),
        new("styles", Texts, WithModel, "Names of styles, whose words are added to the prompts"),
        new("model", Text, WithModel, "A model's id; image-to-image has a default model") { Required = Generate | Video, Get = s => s.Model },
        new("size", Size, WithModel, "WIDTHxHEIGHT in pixels, or auto. Default: the model's own size, or the shape of the input image")
        {
            A1111 = null, Range = l => (MinSide, l.MaxSide), LimitedBy = "SdStudio:Limits:MaxSide", Get = s => new ImageSize(s.Width, s.Height).ToString(),
        },
        new("n", Integer, Still, "Number of images; image i has seed + i")
        {
            A1111 = null, Range = l => (1, l.MaxImages), LimitedBy = "SdStudio:Limits:MaxImages", Default = 1L,
            Get = s => (long)s.Count, Set = (s, v) => s with { Count = (int)(long)v },
        },
        new("quality", Choice, Still, "Stored with the image; also selects a speed if the model's entry has one for it")
        {
            A1111 = null, Choices = _ => Qualities, Get = s => s.Quality, Set = (s, v) => s with { Quality = (string)v },
        },
        new("style", Choice, Still, "Stored with the image")
        {
            A1111 = null, Choices = _ => ["vivid", "natural"], Forwarded = true, Get = s => s.Style, Set = (s, v) => s with { Style = (string)v },
        },
    ];

    private static Parameter[] Sampling =>
    [
        new("steps", Integer, WithModel, "Sampling steps")
        {
            Aliases = ["sample_steps"], Range = l => (1, l.MaxSteps), LimitedBy = "SdStudio:Limits:MaxSteps", Default = 20L, OfModel = true, Flags = ["--steps"],
            Label = "Steps", Forwarded = true, Get = s => (long)s.Steps, Set = (s, v) => s with { Steps = (int)(long)v },
        },
        new("sampler", Choice, WithModel, "A sampler of the engine, e.g. euler_a; default: the model's own")
        {
            Aliases = ["sampling_method"], Choices = l => l.Samplers, ChoicesAreTheEngines = true, Resolve = (l, text) => SamplerNames.FindSampler(l.Samplers, text),
            OfModel = true, Flags = ["--sampling-method"], Label = "Sampler", ValueLabel = SamplerNames.SamplerLabel, Forwarded = true, A1111 = null,
            Get = s => s.Sampler, Set = (s, v) => s with { Sampler = (string)v },
        },
        new("scheduler", Choice, WithModel, "A scheduler of the engine, e.g. karras; default: the model's own")
        {
            Choices = l => l.Schedulers, ChoicesAreTheEngines = true, Resolve = (l, text) => SamplerNames.FindScheduler(l.Schedulers, text),
            OfModel = true, Flags = ["--scheduler"], Label = "Schedule type", ValueLabel = SamplerNames.SchedulerLabel, Forwarded = true, A1111 = null,
            Get = s => s.Scheduler, Set = (s, v) => s with { Scheduler = (string)v },
        },
        new("cfg_scale", Number, WithModel, "Classifier-free guidance: how closely the image follows the prompt; 1 turns it off")
        {
            Range = _ => (0, 100), Default = 7.0, OfModel = true, Flags = ["--cfg-scale"], Label = "CFG scale", Forwarded = true,
            Get = s => s.CfgScale, Set = (s, v) => s with { CfgScale = (double)v },
        },
        new("seed", Integer, WithModel, "The seed of the noise: the same seed and settings give the same image; -1, or left out: random")
        {
            Range = _ => (-1, MaxSeed), Default = -1L, Label = "Seed", Forwarded = true,
            Get = s => s.Seed, Set = (s, v) => s with { Seed = (long)v == -1 ? Random.Shared.NextInt64(SeedCount) : (long)v },
        },
        new("strength", Number, FromImage, "Denoising strength: 0 keeps the input image, 1 ignores it")
        {
            A1111 = null, Range = _ => (0, 1), Default = DefaultStrength, Label = "Denoising strength", Forwarded = true,
            Get = s => s.Strength, Set = (s, v) => s with { Strength = (double)v },
        },
        new("eta", Number, WithModel, "Noise added at each step, for samplers that have an eta")
        {
            Range = _ => (0, 10), OfModel = true, Flags = ["--eta"], Engine = "sample_params.eta", Label = "Eta", Forwarded = true,
            Get = s => s.Eta, Set = (s, v) => s with { Eta = (double)v },
        },
        new("flow_shift", Number, WithModel, "Shift of the noise schedule of flow models")
        {
            Range = _ => (0.001, 100), Families = Flow, OfModel = true, Flags = ["--flow-shift"], Engine = "sample_params.flow_shift", Label = "Shift", Forwarded = true,
            Get = s => s.FlowShift, Set = (s, v) => s with { FlowShift = (double)v },
        },
        new("guidance", Number, WithModel, "Distilled guidance, for models that use it instead of cfg_scale")
        {
            Range = _ => (0, 100), Families = [ModelFamily.Flux, ModelFamily.Flux2], OfModel = true, Flags = ["--guidance"], Engine = "sample_params.guidance.distilled_guidance", Label = "Distilled CFG Scale",
            Forwarded = true, Get = s => s.Guidance, Set = (s, v) => s with { Guidance = (double)v },
        },
        new("image_cfg_scale", Number, FromImage, "Guidance by the input image, for models that support it (Instruct-Pix2Pix); default: cfg_scale")
        {
            Range = _ => (0, 100), Families = [ModelFamily.Sd1, ModelFamily.Sdxl], OfModel = true, Flags = ["--img-cfg-scale"], Engine = "sample_params.guidance.img_cfg", Label = "Image CFG scale",
            Forwarded = true, Get = s => s.ImageCfgScale, Set = (s, v) => s with { ImageCfgScale = (double)v },
        },
        new("slg_scale", Number, WithModel, "Skip layer guidance: how far to steer away from what the model generates without skip_layers; 0 is off. For SD3")
        {
            Range = _ => (0, 100), Families = [ModelFamily.Sd3], OfModel = true, Flags = ["--slg-scale"], Engine = "sample_params.guidance.slg.scale", Label = "SLG scale",
            Forwarded = true, Get = s => s.SlgScale, Set = (s, v) => s with { SlgScale = (double)v },
        },
        new("skip_layers", Integers, WithModel, "The layers that slg_scale skips, counted from 0; for SD3.5 medium: 7, 8 and 9")
        {
            Range = _ => (0, 1000), Families = [ModelFamily.Sd3], OfModel = true, Flags = ["--skip-layers"], Engine = "sample_params.guidance.slg.layers", Label = "Skip layers",
            Forwarded = true, Get = s => s.SkipLayers, Set = (s, v) => s with { SkipLayers = (IReadOnlyList<int>)v },
        },
        new("clip_skip", Integer, WithModel, "Layers of the CLIP text encoder to skip; 0 or -1 for the model's own")
        {
            Range = _ => (-1, 12), Families = WithClip, OfModel = true, Flags = ["--clip-skip"], Label = "Clip skip", Forwarded = true, A1111 = null,
            Get = s => s.ClipSkip > 0 ? (long)s.ClipSkip : null, Set = (s, v) => s with { ClipSkip = (int)Math.Max(0, (long)v) },
        },
        new("speed", Choice, Still, "exact computes every step; fast and fastest skip steps that would change little, as set by the model's entry or family. The image differs slightly")
        {
            Choices = _ => Speed.All, Default = Speed.Exact, OfModel = true, Label = "Speed", Forwarded = true,
            Get = s => s.Speed, Set = (s, v) => s with { Speed = (string)v == Speed.Exact ? null : (string)v },
        },
        new("vae", Text, WithModel, "A VAE to use instead of the model's own: a file of the folder vae, or the one of another model; this reloads the model")
        {
            Range = _ => (0, 255), A1111 = null, Label = "VAE", Forwarded = true, Get = s => s.Vae, Set = (s, v) => s with { Vae = TextValues.IsNoName((string)v) ? null : (string)v },
        },
        new("vae_tiling", Flag, WithModel, "Decodes in tiles, which needs less memory; not with tiling")
        {
            Default = false, OfModel = true, Flags = ["--vae-tiling"], Engine = "vae_tiling_params.enabled", Forwarded = true,
            Get = s => s.VaeTiling ? true : null, Set = (s, v) => s with { VaeTiling = (bool)v },
        },
        new("tiling", Flag, Still, "Makes opposite edges match, for seamless tiles")
        {
            Default = false, Label = "Tiling", ValueLabel = _ => "True", Forwarded = true, Get = s => s.Tiling ? true : null, Set = (s, v) => s with { Tiling = (bool)v },
        },
        new("loras", Loras, WithModel, "LoRAs of the server's LoRA folder, each with a weight"),
    ];

    private static Parameter[] SecondPass =>
    [
        new("hires_scale", Number, Generate, "Hires fix: generates at size, upscales the result by this factor and refines it in a second pass") { Range = _ => (1, 8) },
        new("hires_width", Integer, Generate, "Instead of hires_scale: the width of the result in pixels")
        {
            Range = l => (MinSide, l.MaxSide), LimitedBy = "SdStudio:Limits:MaxSide", Forwarded = true, Get = s => s.Hires is null ? null : (long)s.Width,
        },
        new("hires_height", Integer, Generate, "Instead of hires_scale: the height of the result in pixels")
        {
            Range = l => (MinSide, l.MaxSide), LimitedBy = "SdStudio:Limits:MaxSide", Forwarded = true, Get = s => s.Hires is null ? null : (long)s.Height,
        },
        new("hires_upscaler", Text, Generate, "The upscaler between the passes: the name of an upscaler, or Latent, Latent (bicubic) and the like") { Default = Resampler, Forwarded = true, Get = s => s.Hires?.Upscaler },
        new("hires_steps", Integer, Generate, "Sampling steps of the second pass; default: those of the first")
        {
            Range = l => (1, l.MaxSteps), LimitedBy = "SdStudio:Limits:MaxSteps", Forwarded = true, Get = s => s.Hires is { Steps: > 0 } hires ? (long)hires.Steps : null,
        },
        new("hires_strength", Number, Generate, "Denoising strength of the second pass")
        {
            Range = _ => (0, 1), Default = DefaultStrength, Forwarded = true, Get = s => s.Hires?.Strength,
        },
        new("hires_prompt", Text, Generate, "The prompt of the second pass; default: that of the first")
        {
            A1111 = "hr_prompt", Range = l => (0, l.MaxPromptBytes), LimitedBy = "SdStudio:Limits:MaxPromptBytes", Forwarded = true, Get = s => s.Hires?.Prompt,
        },
        new("hires_negative_prompt", Text, Generate, "What the second pass avoids")
        {
            A1111 = "hr_negative_prompt", Range = l => (0, l.MaxPromptBytes), LimitedBy = "SdStudio:Limits:MaxPromptBytes", Forwarded = true, Get = s => s.Hires?.NegativePrompt,
        },
        new("hires_sampler", Choice, Generate, "The sampler of the second pass")
        {
            A1111 = null, Choices = l => l.Samplers, ChoicesAreTheEngines = true, Resolve = (l, text) => SamplerNames.FindSampler(l.Samplers, text), Forwarded = true, Get = s => s.Hires?.Sampler,
        },
        new("hires_scheduler", Choice, Generate, "The scheduler of the second pass")
        {
            A1111 = null, Choices = l => l.Schedulers, ChoicesAreTheEngines = true, Resolve = (l, text) => SamplerNames.FindScheduler(l.Schedulers, text), Forwarded = true, Get = s => s.Hires?.Scheduler,
        },
        new("hires_model", Text, Generate, "The model of the second pass; both are in memory where there is room for two") { A1111 = null, Forwarded = true, Get = s => s.Hires?.Model },
        new("hires_cfg_scale", Number, Generate, "Classifier-free guidance of the second pass") { A1111 = null, Range = _ => (0, 100), Forwarded = true, Get = s => s.Hires?.CfgScale },
    ];

    private static Parameter[] Input =>
    [
        new("image", Image, FromImage | Upscale | Video, "The input image: PNG, JPEG, WebP, GIF or TIFF. For a video, the first frame") { Aliases = ["start_image"], A1111 = null },
        new("source_image_id", Text, FromImage | Upscale | Video, "Instead of image: the id of an image on this server") { A1111 = null, Range = _ => (0, 64) },
        new("ref_images", ParameterKind.Images, Still, "Reference images, in order, for models with the capability imgedit; <ref:alice> in the prompt adds those of the folder people/alice")
        {
            Aliases = ["extra_images"], A1111 = null,
        },
        new("control", Controls, Still, "A ControlNet with its control image: one unit, because the engine uses one net at a time; without an image, it uses the input image") { A1111 = null },
        new("control_image", Image, Still, "The control image, as a file in a form") { A1111 = null },
        new("identity", Identity, Still, "Whom or what the images should look like, with an IP-Adapter, PhotoMaker or PuLID of the folder identities: images, or a person of the folder people") { A1111 = null },
        new("mask", Image, FromImage, "Where to generate: the white, or the transparent part. Everything else stays unchanged; without a mask, everything is generated. Models with the capability imgedit see the whole image") { A1111 = null },
    ];

    private static Parameter[] Scaling =>
    [
        new("upscaler", Text, Upscale, "An upscaler's name or id; Lanczos is always available") { Default = DefaultUpscaler, Get = s => s.Upscaler },
        new("resize_mode", Integer, Upscale, "0 scales by a factor, 1 to a size") { Range = _ => (0, 1), Default = 0L, Get = s => (long?)s.ResizeMode },
        new("upscale_factor", Number, Upscale, "The factor for width and height") { Range = _ => (0.1, 16), Default = 2.0, Get = s => s.UpscaleFactor },
        new("target_width", Integer, Upscale, "Required with resize_mode 1") { Range = _ => (1, ImageBuffer.MaxSide) },
        new("target_height", Integer, Upscale, "Required with resize_mode 1") { Range = _ => (1, ImageBuffer.MaxSide) },
    ];

    private static Parameter[] Submission =>
    [
        new("preset", Text, JobTypes.All, "The name of a preset, which sets every field that the request leaves out") { A1111 = null, Range = _ => (0, 400) },
        new("board", Text, JobTypes.All, "The board that the images go to: its id or name") { A1111 = null, Range = _ => (0, 400), Get = s => s.Board },
        new("write_infotext", Flag, JobTypes.All, "Whether the images contain their settings as text; default: the server's setting")
        {
            A1111 = null, Get = s => s.Infotext, Set = (s, v) => s with { Infotext = (bool)v },
        },
        new("priority", Integer, JobTypes.All, "Higher goes first") { Range = _ => (-10, 10), Default = 0L },
        new("on_disconnect", Choice, JobTypes.All, "What happens to the job when the client disconnects before its end")
        {
            A1111 = null, Choices = _ => ["finish", "cancel"], Default = "finish",
        },
    ];
}
