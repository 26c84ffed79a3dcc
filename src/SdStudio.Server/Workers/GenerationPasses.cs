using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Workers;

/// <summary>The engine calls that one image takes.</summary>
internal sealed class GenerationPasses(ModelCatalogue catalogue, LoraFolder loras)
{
    /// <summary>From text, or from text and an image.</summary>
    /// <exception cref="SdException">The engine failed.</exception>
    public async Task<GenerationResult> FirstAsync(DiffusionModel model, JobContext job, GenerationInputs inputs, CancellationToken cancellation)
    {
        GenerationSettings settings = job.Settings;
        if (settings.Hires is { } hires)
            settings = settings with { Width = hires.Width, Height = hires.Height };
        GenerationResult result = inputs switch
        {
            { Image: null } => await model.TextToImageAsync(EngineRequests.TextToImage(settings, loras), job.Callbacks, cancellation).ConfigureAwait(false),
            { IsReference: true } => await model.TextToImageAsync(
                EngineRequests.TextToImage(settings, loras) with { ReferenceImages = [inputs.Image, .. inputs.References] }, job.Callbacks, cancellation).ConfigureAwait(false),
            _ => await model.ImageToImageAsync(
                EngineRequests.ImageToImage(settings, loras, inputs.Image, inputs.Mask) with { ReferenceImages = inputs.References }, job.Callbacks, cancellation).ConfigureAwait(false),
        };
        return Checked(result, settings.Count);
    }

    /// <summary>The second pass: upscales an image of the first and generates from it with its seed.</summary>
    /// <exception cref="SdException">The engine failed.</exception>
    public async Task<GenerationResult> SecondAsync(DiffusionModel model, GeneratedImage first, JobContext job, CancellationToken cancellation)
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
                await using ModelLease lease = await job.Models.AcquireUpscalerAsync(file.FullPath, job.Callbacks, cancellation).ConfigureAwait(false);
                image = await ModelUpscaling.RunAsync(lease.Upscaler, image, settings, job.Callbacks, cancellation).ConfigureAwait(false);
            }

            if (image.Width != settings.Width || image.Height != settings.Height)
                image = ModelUpscaling.Replace(image, ImageDecoder.Cover(image, settings.Width, settings.Height));
            GenerationSettings second = settings with
            {
                Seed = first.Seed, Count = 1, Strength = hires.Strength, Steps = hires.Steps > 0 ? hires.Steps : settings.Steps,
            };
            GenerationResult result = await model.ImageToImageAsync(
                EngineRequests.ImageToImage(second, loras, image, mask: null), job.Callbacks, cancellation).ConfigureAwait(false);
            return Checked(result, expected: 1);
        }
        finally
        {
            image.Dispose();
        }
    }

    // NaN anywhere in the model or its settings comes out of the engine as success with every pixel zero.
    private static GenerationResult Checked(GenerationResult result, int expected)
    {
        SdException? problem = result.Images.Count != expected
            ? new SdException(SdError.GenerationFailed, $"The engine returned {result.Images.Count} of {expected} images.")
            : result.Images.FirstOrDefault(image => !image.Image.Span.ContainsAnyExcept((byte)0)) is { } black
                ? new SdException(
                    SdError.GenerationFailed,
                    $"The engine returned an all-black image (seed {black.Seed}): the model computed no numbers. Try another weight type, cfg_scale or sampler.")
                : null;
        if (problem is null)
            return result;
        result.Dispose();
        throw problem;
    }
}

/// <summary>What a job's images are generated from beside the text, in the size of the first pass.</summary>
/// <param name="Image">The input image; null for none.</param>
/// <param name="Mask">Where it is generated; null for everywhere.</param>
/// <param name="IsReference">Whether the model looks at it rather than beginning from it.</param>
internal sealed record GenerationInputs(ImageBuffer? Image, ImageBuffer? Mask, bool IsReference) : IDisposable
{
    /// <summary>More images that the model looks at.</summary>
    public IReadOnlyList<ImageBuffer> References { get; init; } = [];

    public void Dispose()
    {
        Image?.Dispose();
        Mask?.Dispose();
        foreach (ImageBuffer reference in References)
            reference.Dispose();
    }
}
