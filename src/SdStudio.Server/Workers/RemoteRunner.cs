using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Generates with a model of another server.</summary>
internal sealed class RemoteRunner(ModelCatalogue catalogue, RemoteGenerator remote, JobInputs jobInputs, ImageSaver images, TimeProvider time) : IJobRunner
{
    public bool Runs(GenerationSettings settings) =>
        settings.Type is not (JobType.Upscale or JobType.Convert or JobType.Video) && catalogue.Find(settings.Model)?.Remote is not null;

    public async Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        List<JobImage> saved = [.. job.Running.Images];
        if (job.Settings.Variants is null)
            saved = await GenerateAsync(job, job.Settings, first: 0, cancellation).ConfigureAwait(false);
        else
        {
            // Each has a prompt of its own, which is a request of its own.
            foreach (int index in await images.MissingOfAsync(job, cancellation).ConfigureAwait(false))
                saved.AddRange(await GenerateAsync(job, job.Settings.ForImage(index), index, cancellation).ConfigureAwait(false));
        }

        GenerationSettings settings = AsMade(job.Settings) with { OutsideMaskChanged = job.Settings.Inpaint is null ? null : job.Running.Shared.OutsideMaskChanged };
        return new JobResult(settings, [.. saved.DistinctBy(image => image.Index).OrderBy(image => image.Index)], LoadingMs: 0, (long)time.GetElapsedTime(start).TotalMilliseconds)
        {
            Measured = job.Settings.Variants is null && job.Settings.Hires is null ? job.Running.Progress.Measure(settings, TimeSpan.Zero) : null,
        };
    }

    /// <summary>Generates a cell of a grid.</summary>
    public async Task GenerateCellAsync(JobContext job, int index, CancellationToken cancellation) =>
        job.Running.Shared.Done((await GenerateAsync(job, job.Settings.ForImage(index), index, cancellation).ConfigureAwait(false))[0]);

    // One request: all images of a job, or one of them.
    private async Task<List<JobImage>> GenerateAsync(JobContext job, GenerationSettings settings, int first, CancellationToken cancellation)
    {
        job.Running.Progress.Report(new GenerationProgress(GenerationPhase.Sample, 0, settings.Steps, first, job.Settings.Count, 0));
        using GenerationInputs inputs = await jobInputs.ReadAsync(settings, isReference: false, cancellation).ConfigureAwait(false);
        List<ImageBuffer> received = await remote.GenerateAsync(job.Running.Job, settings, first, catalogue.Require(settings.Model), inputs, cancellation).ConfigureAwait(false);
        try
        {
            List<JobImage> saved = [];
            foreach (ImageBuffer image in received)
            {
                using ImageBuffer? whole = inputs.Canvas?.PutBack(image);
                job.Running.Shared.Count(whole is null ? 0 : inputs.Canvas!.CountChangedOutside(whole), stepsSkipped: 0);
                // What a job of variants is made from is kept whole: the image's part of it follows from its index.
                GenerationSettings made = AsMade(job.Settings.Variants is null ? settings : job.Settings);
                saved.Add(await images.SaveAsync(job, first + saved.Count, whole ?? image, made, settings.Seed + saved.Count, cancellation).ConfigureAwait(false));
            }

            return saved;
        }
        finally
        {
            received.ForEach(image => image.Dispose());
        }
    }

    private static GenerationSettings AsMade(GenerationSettings settings) => settings with { Engine = "another server", OutsideMaskChanged = null };
}
