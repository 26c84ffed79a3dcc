using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Generates images from text, or from text and an image.</summary>
internal sealed class TextImageRunner(
    ModelCatalogue catalogue, LowMemoryLadder ladder, FileHashes hashes, JobInputs jobInputs, GenerationPasses passes, ImageSaver images, TimeProvider time) : IJobRunner
{
    private static readonly TimeSpan HashPatience = TimeSpan.FromSeconds(10);

    public bool Runs(GenerationSettings settings) =>
        settings.Type is not (JobType.Upscale or JobType.Convert) && catalogue.Find(settings.Model)?.Remote is null;

    public Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation) => ladder.RunAsync(
        job, catalogue.Require(job.Settings.Model), async (definition, settings) =>
        {
            await using ModelLease lease = await job.Models.AcquireAsync(passes.ToLoad(definition, settings), job.Callbacks, cancellation).ConfigureAwait(false);
            return await GenerateAsync(job with { Settings = settings }, lease, definition, cancellation).ConfigureAwait(false);
        });

    private async Task<JobResult> GenerateAsync(JobContext job, ModelLease lease, ModelDefinition definition, CancellationToken cancellation)
    {
        (DiffusionModel model, GenerationSettings settings) = (lease.Model, job.Settings);
        await passes.PrepareAsync(model, job, cancellation).ConfigureAwait(false);
        // Computed beside the generation: an image names the weights it was made with.
        Task<string?> hash = hashes.ShortHashOrNullAsync(definition.MainFile, cancellation);
        long start = time.GetTimestamp();
        using GenerationInputs inputs = jobInputs.Of(settings, Refers(settings, definition, model));
        GenerationSettings used = settings with { OutsideMaskChanged = null, Sampler = settings.Sampler ?? model.DefaultSampler, Scheduler = settings.Scheduler ?? model.DefaultScheduler };
        var skipped = new SkippedSteps();
        List<JobImage> saved = images.EarlierOf(job);
        while (saved.Count < settings.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            // One call each: an image is there when it is decoded, not when all are.
            JobContext one = skipped.Of(job.ForImage(saved.Count));
            using GenerationResult result = await passes.FirstAsync(model, one, inputs, cancellation).ConfigureAwait(false);
            GeneratedImage image = result.Images[0];
            used = used with
            {
                ModelHash = await WithinPatienceAsync(hash, cancellation).ConfigureAwait(false), StepsSkipped = settings.StepCache is null ? null : skipped.Count,
            };
            using GenerationResult? second = used.Hires is null or { IsLatent: true }
                ? null
                : await passes.SecondAsync(model, image, one with { Settings = one.Settings with { Sampler = used.Sampler, Scheduler = used.Scheduler } }, inputs, cancellation).ConfigureAwait(false);
            ImageBuffer generated = (second?.Images[0] ?? image).Image;
            using ImageBuffer? whole = inputs.Canvas?.PutBack(generated);
            if (whole is not null)
                used = used with { OutsideMaskChanged = (used.OutsideMaskChanged ?? 0) + inputs.Canvas!.CountChangedOutside(whole) };
            saved.Add(await images.SaveAsync(job, saved.Count, whole ?? generated, used, image.Seed, cancellation).ConfigureAwait(false));
        }

        return new JobResult(used, saved, (long)lease.Loading.TotalMilliseconds, (long)time.GetElapsedTime(start).TotalMilliseconds)
        {
            // Two passes of two sizes say nothing about the cost of one, nor do steps that were left out.
            Measured = used.Hires is null && used.StepCache is null && job.Running.Job.ImageCount == 0 ? job.Running.Progress.Measure(used, lease.Loading) : null,
        };
    }

    // A file of many gigabytes on a slow disk is read for longer than an image should wait.
    private static async Task<string?> WithinPatienceAsync(Task<string?> hash, CancellationToken cancellation)
    {
        await ((Task)hash).WaitAsync(HashPatience, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return hash.IsCompletedSuccessfully ? hash.Result : null;
    }

    // An edit model takes the image as a reference; others start from it.
    private static bool Refers(GenerationSettings settings, ModelDefinition definition, DiffusionModel model) =>
        settings.Type == JobType.Edit && definition.IsEditModel && model.TakesReferenceImages;
}
