using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>The way of one job: model, engine, files.</summary>
internal sealed partial class JobRunner(
    EngineHost engineHost, ModelCatalogue catalogue, ModelCache cache, RemoteGenerator remote, UpscalerCache upscalers, FileHashes hashes, LoraFolder loras, ImageFiles images, DataFolders folders,
    IModelCostStore costs, JobEvents events, IOptions<StudioOptions> options, TimeProvider time, ILogger<JobRunner> logger)
{
    // More of them in one picture tell nobody more.
    private const int MaxPreviews = 10;

    /// <summary>Draws the job's pictures.</summary>
    /// <exception cref="SdException">The model or the engine failed.</exception>
    /// <exception cref="OperationCanceledException">The job is cancelled or the server stops.</exception>
    public async Task<JobResult> RunAsync(RunningJob running, CancellationToken cancellation)
    {
        Job job = running.Job;
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        GenerationSettings settings = job.Settings with { Engine = EngineHost.NameOf(engine) };
        var callbacks = new SdCallbacks
        {
            Progress = running.Progress,
            Tag = job.Id,
            Preview = preview =>
            {
                running.Show(preview.Pixels);
                events.Previewed(running, preview.Step);
            },
            PreviewMode = await ModeForAsync(job.Settings, cancellation).ConfigureAwait(false),
            PreviewInterval = Math.Max(1, job.Settings.Steps / MaxPreviews),
            // The engine calls it an error when it is stopped.
            Log = line => LogEngineLine(
                cancellation.IsCancellationRequested ? LogLevel.Debug : EngineHost.ToLogLevel(line.Level), job.Id, line.Text),
        };
        LogBegin(job.Id, settings.Type, settings.Model, job.Attempts);
        return settings.Type switch
        {
            JobType.Upscale => await UpscaleAsync(running, settings, callbacks, cancellation).ConfigureAwait(false),
            JobType.Convert => await ConvertAsync(settings, callbacks, cancellation).ConfigureAwait(false),
            _ => await DrawAsync(running, settings, callbacks, cancellation).ConfigureAwait(false),
        };
    }

    // The engine decodes a preview at every step: it is made for those who watch, a rough one for those who may ask.
    private async ValueTask<PreviewMode> ModeForAsync(GenerationSettings settings, CancellationToken cancellation)
    {
        if (options.Value.Previews == PreviewSetting.None)
            return PreviewMode.None;
        bool decode = events.PreviewsAreWatched && catalogue.Find(settings.Model)?.Options.TaesdPath is not null
            && (options.Value.Previews == PreviewSetting.Decoded
                || (options.Value.Previews == PreviewSetting.Auto && (await costs.FindAsync(settings.Model, cancellation).ConfigureAwait(false))?.DecodesCheaply == true));
        return decode ? PreviewMode.Taesd : PreviewMode.Projection;
    }

    private async Task<JobResult> DrawAsync(RunningJob running, GenerationSettings settings, SdCallbacks callbacks, CancellationToken cancellation)
    {
        ModelDefinition definition = ModelOf(settings);
        if (definition.Remote is not null)
            return await DrawRemotelyAsync(running, definition, settings, cancellation).ConfigureAwait(false);
        List<string> adjustments = [];
        while (true)
        {
            try
            {
                await using ModelLease lease = await cache.AcquireAsync(definition, callbacks, cancellation).ConfigureAwait(false);
                return await DrawWithAsync(lease, definition, running, settings with { Adjustments = adjustments.Count > 0 ? adjustments : null }, callbacks, cancellation).ConfigureAwait(false);
            }
            catch (SdException exception) when (exception.Code == SdError.OutOfMemory)
            {
                (definition, settings) = await WithLessMemoryAsync(definition, settings, adjustments, exception).ConfigureAwait(false);
                LogLessMemory(running.Job.Id, adjustments[^1], exception.Message);
            }
        }
    }

    /// <summary>What costs less memory, one step further each time: first what costs nobody anything.</summary>
    private async Task<(ModelDefinition Definition, GenerationSettings Settings)> WithLessMemoryAsync(
        ModelDefinition definition, GenerationSettings settings, List<string> adjustments, SdException exception)
    {
        if (!adjustments.Contains(Adjustment.FreedModels) && await cache.StopAllAsync(but: definition).ConfigureAwait(false))
        {
            adjustments.Add(Adjustment.FreedModels);
            return (definition, settings);
        }

        // Tiles help where the latent becomes pixels, and nowhere else; the engine has none for joined edges.
        if (!settings.VaeTiling && !settings.Tiling && exception.Message.Contains("decode", StringComparison.Ordinal))
        {
            adjustments.Add(Adjustment.VaeTiling);
            return (definition, settings with { VaeTiling = true });
        }

        if (engineHost.GraphicsMemory > 0 && !adjustments.Contains(Adjustment.WeightsInRam) && !definition.IsOffloaded)
        {
            await cache.StopAsync(definition).ConfigureAwait(false);
            adjustments.Add(Adjustment.WeightsInRam);
            return (definition with { Options = definition.Options with { ParamsBackend = "cpu" } }, settings);
        }

        string tried = adjustments.Count > 0 ? $" (tried: {string.Join(", ", adjustments)})" : "";
        throw new SdException(SdError.OutOfMemory, $"{exception.Message}{tried}; a smaller size, fewer pictures at once or a smaller model needs less", exception);
    }

    private async Task<JobResult> DrawWithAsync(
        ModelLease lease, ModelDefinition definition, RunningJob running, GenerationSettings settings, SdCallbacks callbacks, CancellationToken cancellation)
    {
        (DiffusionModel model, TimeSpan loading) = (lease.Model, lease.Loading);
        // Read beside the drawing: a picture is told by which weights it was drawn.
        Task<string> hash = hashes.ShortHashAsync(definition.MainFile, cancellation);
        long start = time.GetTimestamp();
        // An edit model looks at the picture; others begin from it.
        bool refers = settings.Type == JobType.Edit && definition.Capabilities.Contains("imgedit") && model.TakesReferenceImages;
        using GenerationResult result = await GenerateAsync(model, settings, refers, callbacks, cancellation).ConfigureAwait(false);
        ThrowIfBroken(result, settings.Count);
        GenerationSettings used = settings with
        {
            Sampler = settings.Sampler ?? model.DefaultSampler,
            Scheduler = settings.Scheduler ?? model.DefaultScheduler,
            ModelHash = await hash.ConfigureAwait(false),
        };
        List<JobImage> saved = [];
        foreach (GeneratedImage image in result.Images)
        {
            using GenerationResult? second = used.Hires is { } hires
                ? await DrawOverAsync(model, image, used, hires, callbacks, cancellation).ConfigureAwait(false)
                : null;
            saved.Add(Save(running.Job.Id, saved.Count, (second?.Images[0] ?? image).Pixels, used, image.Seed));
        }

        return Done(running, used, saved, loading, start);
    }

    private async Task<JobResult> DrawRemotelyAsync(RunningJob running, ModelDefinition definition, GenerationSettings settings, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        running.Progress.Report(new GenerationProgress(GenerationPhase.Sample, 0, settings.Steps, 0, 1, 0));
        List<ImageBuffer> pictures = await remote.DrawAsync(running.Job, definition, cancellation).ConfigureAwait(false);
        try
        {
            if (pictures.Count != settings.Count)
                throw new SdException(SdError.GenerationFailed, $"The server of model {definition.Id} returned {pictures.Count} of {settings.Count} pictures.");
            GenerationSettings used = settings with { Engine = "another server" };
            List<JobImage> saved = [];
            foreach (ImageBuffer picture in pictures)
                saved.Add(Save(running.Job.Id, saved.Count, picture, used, settings.Seed + saved.Count));
            return Done(running, used, saved, TimeSpan.Zero, start);
        }
        finally
        {
            pictures.ForEach(picture => picture.Dispose());
        }
    }

    private async Task<GenerationResult> GenerateAsync(
        DiffusionModel model, GenerationSettings settings, bool refers, SdCallbacks callbacks, CancellationToken cancellation)
    {
        if (settings.Hires is { } hires)
            settings = settings with { Width = hires.Width, Height = hires.Height };
        if (settings.InputImage is null)
            return await model.TextToImageAsync(Requests.TextToImage(settings, loras), callbacks, cancellation).ConfigureAwait(false);
        using ImageBuffer input = ReadInput(settings.InputImage, settings, ImageDecoder.Read);
        if (refers && settings.MaskImage is null)
        {
            return await model.TextToImageAsync(Requests.TextToImage(settings, loras) with { ReferenceImages = [input] }, callbacks, cancellation).ConfigureAwait(false);
        }

        using ImageBuffer? mask = settings.MaskImage is { } path ? ReadInput(path, settings, ImageDecoder.ReadMask) : null;
        return await model.ImageToImageAsync(Requests.ImageToImage(settings, loras, input, mask), callbacks, cancellation).ConfigureAwait(false);
    }

    /// <summary>The second pass: enlarges a picture of the first and draws over it with its seed.</summary>
    private async Task<GenerationResult> DrawOverAsync(
        DiffusionModel model, GeneratedImage first, GenerationSettings settings, HiresSetting hires, SdCallbacks callbacks, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        UpscalerDefinition upscaler = UpscalerOf(hires.Upscaler);
        ImageBuffer picture = ImageBuffer.FromPixels(first.Pixels.Span, first.Pixels.Width, first.Pixels.Height, first.Pixels.Channels);
        try
        {
            if (upscaler.File is { } file)
            {
                (Upscaler engine, _) = await upscalers.AcquireAsync(file.FullPath, callbacks, cancellation).ConfigureAwait(false);
                picture = await EnlargeAsync(engine, picture, settings, callbacks, cancellation).ConfigureAwait(false);
            }

            if (picture.Width != settings.Width || picture.Height != settings.Height)
                picture = Replace(picture, ImageDecoder.Cover(picture, settings.Width, settings.Height));
            GenerationSettings second = settings with
            {
                Seed = first.Seed, Count = 1, Strength = hires.Strength, Steps = hires.Steps > 0 ? hires.Steps : settings.Steps,
            };
            GenerationResult result = await model.ImageToImageAsync(
                Requests.ImageToImage(second, loras, picture, mask: null), callbacks, cancellation).ConfigureAwait(false);
            ThrowIfBroken(result, expected: 1);
            return result;
        }
        finally
        {
            picture.Dispose();
        }
    }

    private async Task<JobResult> ConvertAsync(GenerationSettings settings, SdCallbacks callbacks, CancellationToken cancellation)
    {
        (string type, string output) = settings.Conversion!;
        long start = time.GetTimestamp();
        await ModelConverter.ConvertAsync(ModelOf(settings).MainFile, Path.Combine(folders.Models, output), type, callbacks, cancellation).ConfigureAwait(false);
        catalogue.Refresh();
        return new JobResult(settings, [], LoadingMs: 0, (long)time.GetElapsedTime(start).TotalMilliseconds);
    }

    private ModelDefinition ModelOf(GenerationSettings settings) => catalogue.Find(settings.Model)
        ?? throw new SdException(SdError.InvalidArgument, $"Model {settings.Model} is no longer in models.yml.");

    private UpscalerDefinition UpscalerOf(string name) => catalogue.FindUpscaler(name)
        ?? throw new SdException(SdError.InvalidArgument, $"Upscaler {name} is no longer in models.yml.");

    private ImageBuffer ReadInput(string relative, GenerationSettings settings, Func<byte[], string, int, ImageBuffer> read)
    {
        using ImageBuffer picture = read(images.Bytes(relative), "the job's input", ImageBuffer.MaxPixels);
        return ImageDecoder.Cover(picture, settings.Width, settings.Height);
    }

    private async Task<JobResult> UpscaleAsync(RunningJob running, GenerationSettings settings, SdCallbacks callbacks, CancellationToken cancellation)
    {
        UpscalerDefinition upscaler = UpscalerOf(settings.Upscaler ?? "");
        TimeSpan loading = TimeSpan.Zero;
        long start = time.GetTimestamp();
        ImageBuffer picture = ImageDecoder.Read(images.Bytes(settings.InputImage!), "the job's input", ImageBuffer.MaxPixels);
        try
        {
            if (upscaler.File is { } file)
            {
                (Upscaler engine, loading) = await upscalers.AcquireAsync(file.FullPath, callbacks, cancellation).ConfigureAwait(false);
                start = time.GetTimestamp();
                picture = await EnlargeAsync(engine, picture, settings, callbacks, cancellation).ConfigureAwait(false);
            }

            cancellation.ThrowIfCancellationRequested();
            if (picture.Width != settings.Width || picture.Height != settings.Height)
                picture = Replace(picture, ImageDecoder.Resize(picture, settings.Width, settings.Height, upscaler.Kernel));
            return Done(running, settings, [Save(running.Job.Id, 0, picture, settings, seed: 0)], loading, start);
        }
        finally
        {
            picture.Dispose();
        }
    }

    // The engine's factor is fixed: as often as it takes to reach the size, and resampling does the rest.
    private static async Task<ImageBuffer> EnlargeAsync(
        Upscaler upscaler, ImageBuffer picture, GenerationSettings settings, SdCallbacks callbacks, CancellationToken cancellation)
    {
        while ((picture.Width < settings.Width || picture.Height < settings.Height) && FitsEnlarged(picture, upscaler.Factor))
            picture = Replace(picture, await upscaler.UpscaleAsync(picture, callbacks, cancellation).ConfigureAwait(false));
        return picture;
    }

    private static bool FitsEnlarged(ImageBuffer picture, int factor) =>
        picture.Width * factor <= ImageBuffer.MaxSide && picture.Height * factor <= ImageBuffer.MaxSide
        && (long)picture.Width * factor * picture.Height * factor <= ImageBuffer.MaxPixels;

    private static ImageBuffer Replace(ImageBuffer old, ImageBuffer next)
    {
        old.Dispose();
        return next;
    }

    private JobImage Save(string jobId, int index, ImageBuffer pixels, GenerationSettings used, long seed)
    {
        string id = ImageId.Of(jobId, index);
        string path = images.Save(id, pixels, Infotext.Of(used, seed));
        return new JobImage(id, jobId, index, path, "image/png", pixels.Width, pixels.Height, seed);
    }

    private JobResult Done(RunningJob running, GenerationSettings used, List<JobImage> saved, TimeSpan loading, long start)
    {
        var result = new JobResult(used, saved, (long)loading.TotalMilliseconds, (long)time.GetElapsedTime(start).TotalMilliseconds)
        {
            // Two passes of two sizes tell nothing of what one costs.
            Measured = used.Hires is null ? running.Progress.Measure(used, loading) : null,
        };
        LogDone(running.Job.Id, used.Type, used.Model, saved.Count, result.LoadingMs, result.GenerationMs);
        return result;
    }

    // NaN anywhere in the model or its settings comes out of the engine as success with every pixel zero.
    private static void ThrowIfBroken(GenerationResult result, int expected)
    {
        if (result.Images.Count != expected)
            throw new SdException(SdError.GenerationFailed, $"The engine returned {result.Images.Count} of {expected} pictures.");
        foreach (GeneratedImage image in result.Images)
        {
            if (!image.Pixels.Span.ContainsAnyExcept((byte)0))
            {
                throw new SdException(
                    SdError.GenerationFailed,
                    $"The engine returned an all-black picture (seed {image.Seed}): the model computed no numbers. Try another weight type, cfg_scale or sampler.");
            }
        }
    }

    [LoggerMessage(Message = "job {Job}: engine: {Line}")]
    private partial void LogEngineLine(LogLevel level, string job, string line);

    [LoggerMessage(Level = LogLevel.Warning, Message = "job {Job}: not enough memory, next try with {Adjustment}: {Reason}")]
    private partial void LogLessMemory(string job, string adjustment, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} ({Type}, {Model}) begins, attempt {Attempt}")]
    private partial void LogBegin(string job, string type, string model, int attempt);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} ({Type}, {Model}): {Count} picture(s), model {LoadingMs} ms, drawn in {GenerationMs} ms")]
    private partial void LogDone(string job, string type, string model, int count, long loadingMs, long generationMs);
}
