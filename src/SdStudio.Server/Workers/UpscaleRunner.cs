using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Upscales an image: by a model, by resampling, or by both.</summary>
internal sealed class UpscaleRunner(ModelCatalogue catalogue, ImageSaver images, TimeProvider time) : IJobRunner
{
    public bool Runs(GenerationSettings settings) => settings.Type == JobType.Upscale;

    public async Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation)
    {
        GenerationSettings settings = job.Settings;
        UpscalerDefinition upscaler = catalogue.RequireUpscaler(settings.Upscaler ?? "");
        TimeSpan loading = TimeSpan.Zero;
        long start = time.GetTimestamp();
        ImageBuffer image = await images.ReadInputAsync(settings.InputImage!, cancellation).ConfigureAwait(false);
        try
        {
            if (upscaler.File is { } file)
            {
                await using ModelLease lease = await job.Models.AcquireUpscalerAsync(file.FullPath, job.Callbacks, cancellation).ConfigureAwait(false);
                (loading, start) = (lease.Loading, time.GetTimestamp());
                image = await ModelUpscaling.RunAsync(lease.Upscaler, image, settings, job.Callbacks, cancellation).ConfigureAwait(false);
            }

            cancellation.ThrowIfCancellationRequested();
            if (image.Width != settings.Width || image.Height != settings.Height)
                image = ModelUpscaling.Replace(image, ImageDecoder.Resize(image, settings.Width, settings.Height, upscaler.Kernel));
            JobImage saved = await images.SaveAsync(job, 0, image, settings, seed: 0, cancellation).ConfigureAwait(false);
            return new JobResult(settings, [saved], (long)loading.TotalMilliseconds, (long)time.GetElapsedTime(start).TotalMilliseconds)
            {
                Measured = job.Running.Progress.Measure(settings, loading),
            };
        }
        finally
        {
            image.Dispose();
        }
    }
}
