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
        GenerationSettings settings = job.Settings with { Engine = "another server", OutsideMaskChanged = null };
        job.Running.Progress.Report(new GenerationProgress(GenerationPhase.Sample, 0, settings.Steps, 0, 1, 0));
        using GenerationInputs inputs = await jobInputs.ReadAsync(settings, isReference: false, cancellation).ConfigureAwait(false);
        List<ImageBuffer> received = await remote.GenerateAsync(job.Running.Job, catalogue.Require(settings.Model), inputs, cancellation).ConfigureAwait(false);
        try
        {
            List<JobImage> saved = [];
            foreach (ImageBuffer image in received)
            {
                using ImageBuffer? whole = inputs.Canvas?.PutBack(image);
                if (whole is not null)
                    settings = settings with { OutsideMaskChanged = (settings.OutsideMaskChanged ?? 0) + inputs.Canvas!.CountChangedOutside(whole) };
                saved.Add(await images.SaveAsync(job, saved.Count, whole ?? image, settings, settings.Seed + saved.Count).ConfigureAwait(false));
            }

            return new JobResult(settings, saved, LoadingMs: 0, (long)time.GetElapsedTime(start).TotalMilliseconds)
            {
                Measured = job.Running.Progress.Measure(settings, TimeSpan.Zero),
            };
        }
        finally
        {
            received.ForEach(image => image.Dispose());
        }
    }
}
