using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Generates images from text, or from text and an image.</summary>
internal sealed class TextImageRunner(
    ModelCatalogue catalogue, LowMemoryLadder ladder, FileHashes hashes, GenerationPasses passes, ImageSaver images, TimeProvider time) : IJobRunner
{
    public bool Runs(GenerationSettings settings) =>
        settings.Type is not (JobType.Upscale or JobType.Convert) && catalogue.Find(settings.Model)?.Remote is null;

    public Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation) => ladder.RunAsync(
        job, catalogue.Require(job.Settings.Model), async (definition, settings) =>
        {
            await using ModelLease lease = await job.Models.AcquireAsync(definition, job.Callbacks, cancellation).ConfigureAwait(false);
            return await GenerateAsync(job with { Settings = settings }, lease, definition, cancellation).ConfigureAwait(false);
        });

    private async Task<JobResult> GenerateAsync(JobContext job, ModelLease lease, ModelDefinition definition, CancellationToken cancellation)
    {
        (DiffusionModel model, GenerationSettings settings) = (lease.Model, job.Settings);
        // Computed beside the generation: an image names the weights it was made with.
        Task<string> hash = hashes.ShortHashAsync(definition.MainFile, cancellation);
        long start = time.GetTimestamp();
        using GenerationInputs inputs = InputsOf(settings, definition, model);
        using GenerationResult result = await passes.FirstAsync(model, job, inputs, cancellation).ConfigureAwait(false);
        GenerationSettings used = settings with
        {
            Sampler = settings.Sampler ?? model.DefaultSampler,
            Scheduler = settings.Scheduler ?? model.DefaultScheduler,
            ModelHash = await hash.ConfigureAwait(false),
        };
        List<JobImage> saved = [];
        foreach (GeneratedImage image in result.Images)
        {
            using GenerationResult? second = used.Hires is null
                ? null
                : await passes.SecondAsync(model, image, job with { Settings = used }, cancellation).ConfigureAwait(false);
            saved.Add(images.Save(job.Id, saved.Count, (second?.Images[0] ?? image).Image, used, image.Seed));
        }

        return new JobResult(used, saved, (long)lease.Loading.TotalMilliseconds, (long)time.GetElapsedTime(start).TotalMilliseconds)
        {
            // Two passes of two sizes tell nothing of what one costs.
            Measured = used.Hires is null ? job.Running.Progress.Measure(used, lease.Loading) : null,
        };
    }

    private GenerationInputs InputsOf(GenerationSettings settings, ModelDefinition definition, DiffusionModel model)
    {
        if (settings.InputImage is not { } input)
            return new GenerationInputs(Image: null, Mask: null, IsReference: false);
        (int width, int height) = settings.Hires is { } hires ? (hires.Width, hires.Height) : (settings.Width, settings.Height);
        // An edit model looks at the image; others begin from it.
        bool refers = settings.Type == JobType.Edit && settings.MaskImage is null && definition.Capabilities.Contains("imgedit") && model.TakesReferenceImages;
        ImageBuffer image = images.ReadInput(input, width, height, ImageDecoder.Read);
        try
        {
            return new GenerationInputs(
                image, settings.MaskImage is { } mask ? images.ReadInput(mask, width, height, ImageDecoder.ReadMask) : null, refers);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }
}
