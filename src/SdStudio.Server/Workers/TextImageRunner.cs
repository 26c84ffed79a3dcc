using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Generates images from text, or from text and an image.</summary>
internal sealed class TextImageRunner(
    ModelCatalogue catalogue, LowMemoryLadder ladder, FileHashes hashes, GenerationPasses passes, ImageSaver images, IQueueSignal signal, TimeProvider time) : IJobRunner
{
    private static readonly TimeSpan HashPatience = TimeSpan.FromSeconds(10);

    public bool Runs(GenerationSettings settings) =>
        settings.Type is not (JobType.Upscale or JobType.Convert or JobType.Video) && catalogue.Find(settings.Model)?.Remote is null;

    public Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation) => ladder.RunAsync(
        job, catalogue.Require(job.Settings.Model), async (definition, settings) =>
        {
            await using PassModels models = passes.ModelsOf(job with { Settings = settings }, definition, job.Callbacks);
            return await GenerateAsync(job with { Settings = settings }, models, definition, cancellation).ConfigureAwait(false);
        });

    public async Task HelpAsync(JobContext job, Func<ValueTask<bool>> mayGoOn, CancellationToken cancellation)
    {
        ModelDefinition definition = catalogue.Require(job.Settings.Model);
        await using PassModels models = passes.ModelsOf(job, definition, loading: null);
        using Work work = await BeginAsync(job, models, definition, cancellation).ConfigureAwait(false);
        while (await mayGoOn().ConfigureAwait(false) && job.Running.Shared.TryTake(out int index))
            await GenerateOneAsync(work, index, cancellation).ConfigureAwait(false);
    }

    /// <summary>Generates a cell of a grid: with a model of its own, and again with less memory where it needs that.</summary>
    public Task GenerateCellAsync(JobContext job, int index, CancellationToken cancellation)
    {
        JobContext cell = job.ForImage(index);
        return ladder.RunAsync(cell, catalogue.Require(cell.Settings.Model), async (definition, settings) =>
        {
            await using PassModels models = passes.ModelsOf(cell with { Settings = settings }, definition, job.Callbacks);
            using Work work = await BeginAsync(cell with { Settings = settings }, models, definition, cancellation).ConfigureAwait(false);
            await GenerateAsync(work, work.Job, index, cancellation).ConfigureAwait(false);
            return true;
        });
    }

    private async Task<JobResult> GenerateAsync(JobContext job, PassModels models, ModelDefinition definition, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        SharedImages shared = job.Running.Shared;
        using Work work = await BeginAsync(job, models, definition, cancellation).ConfigureAwait(false);
        shared.Offer(await images.MissingOfAsync(job, cancellation).ConfigureAwait(false));
        // A device that has nothing else to do may take some.
        if (shared.Open > 1)
            signal.Ring();
        // One call each: an image is there when it is decoded, not when all are.
        while (await shared.NextAsync(cancellation).ConfigureAwait(false) is { } index)
            await GenerateOneAsync(work, index, cancellation).ConfigureAwait(false);
        GenerationSettings used = work.Used with
        {
            ModelHash = await WithinPatienceAsync(work.Hash, cancellation).ConfigureAwait(false), OutsideMaskChanged = work.Inputs.Canvas is null ? null : shared.OutsideMaskChanged,
            StepsSkipped = work.Used.StepCache is null ? null : shared.StepsSkipped,
            Notes = shared.Notes is { Count: > 0 } notes ? [.. work.Used.Notes ?? [], .. notes] : work.Used.Notes,
        };
        List<JobImage> all = [.. job.Running.Images.Concat(shared.Finished).DistinctBy(image => image.Index).OrderBy(image => image.Index)];
        return new JobResult(used, all, (long)models.Loading.TotalMilliseconds, (long)time.GetElapsedTime(start).TotalMilliseconds)
        {
            // Two passes of two sizes or the phases of two devices say nothing about the cost of one.
            Measured = used.Hires is null && !shared.IsHelped && job.Running.Job.ImageCount == 0 ? job.Running.Progress.Measure(used, models.Loading) : null,
        };
    }

    private async Task<Work> BeginAsync(JobContext job, PassModels models, ModelDefinition definition, CancellationToken cancellation)
    {
        ModelLease lease = await models.FirstAsync(cancellation).ConfigureAwait(false);
        if (lease.AreWeightsInRam)
            job = job with { Settings = job.Settings.Adjusted(Adjustment.WeightsInRam) };
        return new Work(
            job, models, await passes.ReadAsync(job, Refers(job.Settings, definition, lease.Model), cancellation).ConfigureAwait(false),
            // Computed beside the generation: an image names the weights it was made with.
            hashes.ShortHashOrNullAsync(definition.MainFile, cancellation),
            job.Settings with { Sampler = job.Settings.Sampler ?? lease.Model.DefaultSampler, Scheduler = job.Settings.Scheduler ?? lease.Model.DefaultScheduler });
    }

    private async Task GenerateOneAsync(Work work, int index, CancellationToken cancellation)
    {
        try
        {
            await GenerateAsync(work, work.Job.ForImage(index), index, cancellation).ConfigureAwait(false);
        }
        catch
        {
            work.Job.Running.Shared.GiveBack(index);
            throw;
        }
    }

    private async Task GenerateAsync(Work work, JobContext job, int index, CancellationToken cancellation)
    {
        SharedImages shared = job.Running.Shared;
        cancellation.ThrowIfCancellationRequested();
        var skipped = new SkippedSteps();
        JobContext one = skipped.Of(job);
        using GenerationResult result = await passes.FirstAsync((await work.Models.FirstAsync(cancellation).ConfigureAwait(false)).Model, one, work.Inputs, cancellation).ConfigureAwait(false);
        GeneratedImage image = result.Images[0];
        GenerationSettings used = work.Used with { ModelHash = await WithinPatienceAsync(work.Hash, cancellation).ConfigureAwait(false) };
        using GenerationResult? second = used.Hires is null or { IsLatent: true }
            ? null
            : await passes.SecondAsync(work.Models, image, one with { Settings = one.Settings with { Sampler = used.Sampler, Scheduler = used.Scheduler } }, work.Inputs, cancellation).ConfigureAwait(false);
        ImageBuffer generated = (second?.Images[0] ?? image).Image;
        if (GenerationPasses.ColourOf(generated) is { } colour)
            shared.Tell($"Image {index + 1} (seed {image.Seed}) is of one colour, {colour}: another weight type, cfg_scale, sampler or VAE may help if that was not meant");
        using ImageBuffer? whole = work.Inputs.Canvas?.PutBack(generated);
        shared.Count(whole is null ? 0 : work.Inputs.Canvas!.CountChangedOutside(whole), skipped.Count);
        shared.Done(await images.SaveAsync(work.Job, index, whole ?? generated, used, image.Seed, cancellation).ConfigureAwait(false));
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

    /// <summary>What one device generates a job's images with.</summary>
    /// <param name="Job">The job.</param>
    /// <param name="Models">Those of its passes.</param>
    /// <param name="Inputs">Images to begin from.</param>
    /// <param name="Hash">Of the model's file; null when it cannot be read.</param>
    /// <param name="Used">The settings with what the model filled in.</param>
    private sealed record Work(JobContext Job, PassModels Models, GenerationInputs Inputs, Task<string?> Hash, GenerationSettings Used) : IDisposable
    {
        public void Dispose() => Inputs.Dispose();
    }
}
