using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>Converts a model's weights to another type.</summary>
internal sealed class ConvertRunner(ModelCatalogue catalogue, DataFolders folders, TimeProvider time) : IJobRunner
{
    public bool Runs(GenerationSettings settings) => settings.Type == JobType.Convert;

    public async Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation)
    {
        GenerationSettings settings = job.Settings;
        (string type, string output) = settings.Conversion!;
        long start = time.GetTimestamp();
        await ModelConverter.ConvertAsync(
            catalogue.Require(settings.Model).MainFile, Path.Combine(folders.Models, output), type, job.Callbacks, cancellation).ConfigureAwait(false);
        catalogue.Refresh();
        return new JobResult(settings, [], LoadingMs: 0, (long)time.GetElapsedTime(start).TotalMilliseconds);
    }
}
