using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Workers;

/// <summary>The engine calls that one image takes.</summary>
internal sealed class GenerationPasses(ModelCatalogue catalogue, LoraFolder loras, ControlNetFolder nets, VaeFiles vaes, IdentityFits identities, ControlNetFits families, JobInputs inputsOfJobs)
{
    // What counts for PhotoMaker is the style against the likeness; this is the engine's own middle.
    private const double UsualStyle = 20;

    private static bool CanExchangeNets => SdEngine.Load().Info.Features.Contains("control-net-swap");

    /// <summary>A model with what it must have when it is loaded.</summary>
    public ModelDefinition ToLoad(ModelDefinition model, GenerationSettings settings)
    {
        if (settings.Control is { } control && !CanExchangeNets)
            model = model with { Options = model.Options with { ControlNetPath = NetOf(control) } };
        if (settings.Identity is { } identity)
            model = model with { Options = identities.With(model.Options, identity.Model) };
        return settings.Vae is { } vae ? model with { Options = model.Options with { VaePath = VaeOf(vae), TaesdForPreviewsOnly = model.Options.TaesdPath is not null } } : model;
    }

    /// <summary>The models of a job's passes; none is loaded yet.</summary>
    /// <param name="job">The job.</param>
    /// <param name="first">The model of the first pass, as it is to be loaded.</param>
    /// <param name="loading">Hears of loading; null for nobody.</param>
    /// <exception cref="SdException">That of the second pass is not on this machine.</exception>
    public PassModels ModelsOf(JobContext job, ModelDefinition first, SdCallbacks? loading)
    {
        ModelDefinition? second = job.Settings.Hires?.Model is not { } name ? null
            : catalogue.Find(name) ?? throw new SdException(SdError.InvalidArgument, $"This machine has no model {name} for the second pass.");
        return new PassModels(job, this, first, second, loading);
    }

    /// <summary>Gives a loaded model the ControlNet of a job.</summary>
    /// <exception cref="SdException">The net is gone, or cannot be loaded.</exception>
    public async Task SetNetAsync(ModelLease lease, JobContext job, CancellationToken cancellation)
    {
        if (job.Settings.Control is not { } control || NetOf(control) is not { } net || lease.Model.ControlNetPath == net)
            return;
        await lease.LoadBesideAsync(net, cancellation).ConfigureAwait(false);
        await lease.Model.SetControlNetAsync(net, job.Callbacks, cancellation).ConfigureAwait(false);
    }

    /// <summary>Reads a job's images.</summary>
    /// <param name="job">The job.</param>
    /// <param name="isReference">Whether the model looks at the input image rather than beginning from it.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<GenerationInputs> ReadAsync(JobContext job, bool isReference, CancellationToken cancellation) => inputsOfJobs.ReadAsync(job.Settings, isReference, cancellation);

    /// <summary>From text, or from text and an image.</summary>
    /// <exception cref="SdException">The engine failed.</exception>
    /// <exception cref="BrokenImageException">What it returned is no image.</exception>
    public async Task<GenerationResult> FirstAsync(DiffusionModel model, JobContext job, GenerationInputs inputs, CancellationToken cancellation)
    {
        GenerationSettings settings = job.Settings;
        if (settings.Hires is { } hires)
            settings = settings with { Width = hires.Width, Height = hires.Height };
        ControlImage? control = inputs.ControlAt(settings.Width, settings.Height);
        using ImageBuffer? followed = control?.Image;
        GenerationResult result = inputs is { Image: { } image, IsReference: false }
            ? await model.ImageToImageAsync(
                WithIdentity(ImageToImage(settings, loras, image, inputs.Canvas?.Mask) with { ReferenceImages = inputs.Seen, Control = control }, settings, inputs), job.Callbacks, cancellation).ConfigureAwait(false)
            : await model.TextToImageAsync(
                WithIdentity(TextToImage(settings, loras) with { ReferenceImages = inputs.Seen, Control = control, Hires = Latent(job.Settings) }, settings, inputs), job.Callbacks, cancellation).ConfigureAwait(false);
        return Checked(result, settings);
    }

    /// <summary>The second pass: upscales an image of the first and generates from it with its seed.</summary>
    /// <exception cref="SdException">The engine failed.</exception>
    /// <exception cref="BrokenImageException">What it returned is no image.</exception>
    public async Task<GenerationResult> SecondAsync(PassModels models, GeneratedImage first, JobContext job, GenerationInputs inputs, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        GenerationSettings settings = job.Settings;
        HiresSetting hires = settings.Hires!;
        UpscalerDefinition upscaler = catalogue.RequireUpscaler(hires.Upscaler);
        ImageBuffer image = ImageBuffer.FromPixels(first.Image.Span, first.Image.Width, first.Image.Height, first.Image.Channels);
        try
        {
            if (upscaler.File is { } file)
            {
                await models.RestAsync().ConfigureAwait(false);
                await using ModelLease upscaling = await job.Models.AcquireUpscalerAsync(file.FullPath, job.Callbacks, cancellation).ConfigureAwait(false);
                image = await ModelUpscaling.RunAsync(upscaling.Upscaler, image, settings, job.Callbacks, cancellation).ConfigureAwait(false);
            }

            if (image.Width != settings.Width || image.Height != settings.Height)
                image = ModelUpscaling.Replace(image, ImageDecoder.Cover(image, settings.Width, settings.Height));
            GenerationSettings second = settings with
            {
                Seed = first.Seed, Count = 1, Strength = hires.Strength, Steps = hires.Steps > 0 ? hires.Steps : settings.Steps, Prompt = hires.Prompt ?? settings.Prompt,
                NegativePrompt = hires.NegativePrompt ?? settings.NegativePrompt, Sampler = hires.Sampler ?? settings.Sampler,
                Scheduler = hires.Scheduler ?? settings.Scheduler, CfgScale = hires.CfgScale ?? settings.CfgScale,
                StepCache = hires.Model is { } other ? StepCaches.Of(catalogue.Require(other), families.FamilyOf(catalogue.Require(other)), settings.Speed) : settings.StepCache,
            };
            ControlImage? control = inputs.ControlAt(settings.Width, settings.Height);
            using ImageBuffer? followed = control?.Image;
            ModelLease lease = await models.SecondAsync(cancellation).ConfigureAwait(false);
            GenerationResult result = await lease.Model.ImageToImageAsync(
                WithIdentity(ImageToImage(second, loras, image, mask: null) with { Control = control }, second, inputs), job.Callbacks, cancellation).ConfigureAwait(false);
            return Checked(result, second);
        }
        finally
        {
            image.Dispose();
        }
    }

    private T WithIdentity<T>(T request, GenerationSettings settings, GenerationInputs inputs)
        where T : ImageRequest => settings.Identity is { } identity ? WithIdentity(request, identity, identities, inputs.Identity) : request;

    private static HiresFix? Latent(GenerationSettings settings) => settings.Hires is { IsLatent: true } hires
        ? new HiresFix { Upscaler = hires.Upscaler, Width = settings.Width, Height = settings.Height, Steps = hires.Steps, Strength = (float)hires.Strength }
        : null;

    private string NetOf(ControlSetting control) =>
        nets.Find(control.Net) ?? throw new SdException(SdError.InvalidArgument, $"ControlNet {control.Net} no longer exists.");

    private string VaeOf(string name) => vaes.Find(name) ?? throw new SdException(SdError.InvalidArgument, $"VAE {name} no longer exists.");

    /// <summary>The one colour that an image consists of; null for an image of several.</summary>
    public static string? ColourOf(ImageBuffer image)
    {
        ReadOnlySpan<byte> pixels = image.Span;
        return image.Width * image.Height > 1 && pixels[image.Channels..].SequenceEqual(pixels[..^image.Channels]) ? $"#{Convert.ToHexStringLower(pixels[..image.Channels])}" : null;
    }

    // NaN anywhere in the model or its settings comes out of the engine as success with every pixel zero; of one colour is also what tiles
    // may make of a latent without meaning. There may be images like that, so one is kept when nothing is left to try.
    private static GenerationResult Checked(GenerationResult result, GenerationSettings settings)
    {
        bool canRepair = settings.VaeTiling && settings.Adjustments?.Contains(Adjustment.VaeTiling) != true;
        Exception? problem = result.Images.Count != settings.Count
            ? new SdException(SdError.GenerationFailed, $"The engine returned {result.Images.Count} of {settings.Count} images.")
            : result.Images.FirstOrDefault(image => !image.Image.Span.ContainsAnyExcept((byte)0)) is { } black
                ? new BrokenImageException(
                    $"The engine returned an all-black image (seed {black.Seed}): the model computed no numbers. Try another weight type, cfg_scale or sampler.")
                : canRepair && result.Images.FirstOrDefault(image => ColourOf(image.Image) is not null) is { } flat
                    ? new BrokenImageException($"The engine returned an image of one colour, {ColourOf(flat.Image)} (seed {flat.Seed}).")
                    : null;
        if (problem is null)
            return result;
        result.Dispose();
        throw problem;
    }

    private static TextToImageRequest TextToImage(GenerationSettings settings, LoraFolder loras) => Filled(new TextToImageRequest(), settings, loras);

    private static ImageToImageRequest ImageToImage(GenerationSettings settings, LoraFolder loras, ImageBuffer image, ImageBuffer? mask) => Filled(
        new ImageToImageRequest { Image = image, Mask = mask, Strength = (float)(settings.Strength ?? Parameters.DefaultStrength) }, settings, loras);

    private static T Filled<T>(T request, GenerationSettings settings, LoraFolder loras)
        where T : ImageRequest => (T)(request with
        {
            Prompt = EmbeddingWords.Plain(settings.Prompt),
            NegativePrompt = EmbeddingWords.Plain(settings.NegativePrompt ?? ""),
            Width = settings.Width,
            Height = settings.Height,
            Steps = settings.Steps,
            CfgScale = (float)settings.CfgScale,
            Sampler = settings.Sampler,
            Scheduler = settings.Scheduler,
            Seed = settings.Seed,
            BatchCount = settings.Count,
            ClipSkip = settings.ClipSkip,
            Loras = Loras(settings, loras),
            CircularX = settings.Tiling,
            CircularY = settings.Tiling,
            Cache = settings.StepCache is { } cache
                ? new StepCache(cache.Mode) { ReuseThreshold = (float?)cache.Threshold, Start = (float?)cache.Start, End = (float?)cache.End } : null,
            EngineOptions = EngineOptions(settings),
        });

    /// <summary>The same with whom or what the images look like.</summary>
    public static T WithIdentity<T>(T request, IdentitySetting identity, IdentityFits files, IReadOnlyList<ImageBuffer> images)
        where T : ImageRequest => (T)(files.KindOf(identity.Model) switch
        {
            IdentityKind.IpAdapter => request with { IpAdapter = new IpAdapterImage(images[0], (float)identity.Strength) },
            IdentityKind.PhotoMaker => request with { PhotoMaker = new PhotoMakerIdentity(images, (float)(UsualStyle * (2 - identity.Strength))) },
            IdentityKind.Pulid => request with { Pulid = new PulidIdentity(files.Require(identity.Embedding ?? ""), (float)identity.Strength) },
            _ => (ImageRequest)request,
        });

    /// <summary>The LoRAs of a job, by their files.</summary>
    public static List<LoraReference> Loras(GenerationSettings settings, LoraFolder folder) =>
        [.. (settings.Loras ?? []).Select(lora => new LoraReference(
            folder.Find(lora.Name) ?? throw new SdException(SdError.InvalidArgument, $"LoRA {lora.Name} no longer exists."), (float)lora.Weight, lora.HighNoise))];

    // Those that the engine takes under a name of its own, as the table of parameters has it.
    private static Dictionary<string, string> EngineOptions(GenerationSettings settings)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.Engine is not null))
        {
            if (parameter.Get!(settings) is { } value)
                options[parameter.Engine!] = Parameter.Write(value);
        }

        return options;
    }
}
