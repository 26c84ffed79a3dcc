using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Generates the cells of a grid, one model after the other; devices that have nothing else to do take some of them.</summary>
internal sealed class GridRunner(
    ModelCatalogue catalogue, TextImageRunner images, RemoteRunner remote, ImageSaver saver, IQueueSignal signal, TimeProvider time) : IJobRunner
{
    public bool Runs(Generation.GenerationSettings settings) => settings.Grid is not null;

    public async Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        SharedImages shared = job.Running.Shared;
        shared.Offer(job.Settings.Grid!.ByModel(await saver.MissingOfAsync(job, cancellation).ConfigureAwait(false)));
        if (shared.Open > 1)
            signal.Ring();
        while (await shared.NextAsync(cancellation).ConfigureAwait(false) is { } index)
            await GenerateCellAsync(job, index, cancellation).ConfigureAwait(false);
        return new JobResult(
            job.Settings with { OutsideMaskChanged = job.Settings.MaskImage is null ? null : shared.OutsideMaskChanged },
            [.. job.Running.Images.Concat(shared.Finished).DistinctBy(image => image.Index).OrderBy(image => image.Index)], LoadingMs: 0, (long)time.GetElapsedTime(start).TotalMilliseconds);
    }

    public async Task HelpAsync(JobContext job, Func<ValueTask<bool>> mayGoOn, CancellationToken cancellation)
    {
        while (await mayGoOn().ConfigureAwait(false) && job.Running.Shared.TryTake(out int index))
            await GenerateCellAsync(job, index, cancellation).ConfigureAwait(false);
    }

    private async Task GenerateCellAsync(JobContext job, int index, CancellationToken cancellation)
    {
        try
        {
            bool isHere = catalogue.Find(job.Settings.ForImage(index).Model)?.Remote is null;
            await (isHere ? images.GenerateCellAsync(job, index, cancellation) : remote.GenerateCellAsync(job, index, cancellation)).ConfigureAwait(false);
        }
        catch
        {
            job.Running.Shared.GiveBack(index);
            throw;
        }
    }
}
