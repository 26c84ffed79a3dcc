using SdStudio.Server.Images;

namespace SdStudio.Server.Queue;

/// <summary>How a deletion went.</summary>
/// <param name="Jobs">How many jobs are gone.</param>
/// <param name="Files">How many image files are gone with them.</param>
internal readonly record struct Deleted(int Jobs, int Files);

/// <summary>Removes jobs that have ended, with their files.</summary>
internal sealed class JobDeletion(IJobStore store, IJobQueries queries, ImageFiles files, KeptImages kept, JobLine line, JobEvents events)
{
    // A transaction of this many is over before anybody who waits to write notices.
    private const int AtOnce = 500;

    /// <summary>Removes a job and its files.</summary>
    /// <returns>Whether it was there and had ended.</returns>
    public async Task<bool> DeleteAsync(string id, OwnerScope scope, CancellationToken cancellation) =>
        (await DeleteAsync([id], scope, withImages: true, cancellation).ConfigureAwait(false)).Jobs > 0;

    /// <summary>Removes every job of a scope that has ended.</summary>
    /// <param name="scope">Whose.</param>
    /// <param name="withImages">False moves the image files into the folder of kept ones.</param>
    /// <param name="cancellation">Ends it between two groups of jobs.</param>
    public async Task<Deleted> DeleteAllAsync(OwnerScope scope, bool withImages, CancellationToken cancellation)
    {
        // What is generated from here on is not part of "all".
        long last = await queries.LastNumberAsync(cancellation).ConfigureAwait(false);
        Deleted sum = default;
        while (await queries.EndedAsync(scope, last, AtOnce, cancellation).ConfigureAwait(false) is { Count: > 0 } ids)
        {
            Deleted some = await DeleteAsync(ids, scope, withImages, cancellation).ConfigureAwait(false);
            sum = new Deleted(sum.Jobs + some.Jobs, sum.Files + some.Files);
        }

        return sum;
    }

    /// <summary>Removes an image, and with the last one its job.</summary>
    public async Task<DeletedImage> DeleteImageAsync(string id, OwnerScope scope, CancellationToken cancellation)
    {
        DeletedImage deleted = await store.DeleteImageAsync(id, scope, cancellation).ConfigureAwait(false);
        if (deleted is not { Image: { } image, IsRunning: false })
            return deleted;
        await files.DeleteAsync(image.FilePath, CancellationToken.None).ConfigureAwait(false);
        if (deleted.Job is { } job)
        {
            await files.DeleteInputsAsync(job.Id).ConfigureAwait(false);
            events.Deleted(job);
        }
        else
        {
            events.ImageDeleted(image, deleted.Owner);
        }

        return deleted;
    }

    private async Task<Deleted> DeleteAsync(IReadOnlyList<string> ids, OwnerScope scope, bool withImages, CancellationToken cancellation)
    {
        // The rows first: a file that nobody lists is better than a list of files that are gone.
        IReadOnlyList<DeletedJob> deleted = await store.DeleteAsync(ids, scope, cancellation).ConfigureAwait(false);
        line.Ended();
        int count = 0;
        foreach (DeletedJob job in deleted)
        {
            if (withImages)
            {
                foreach (JobImage image in job.Images)
                    await files.DeleteAsync(image.FilePath, CancellationToken.None).ConfigureAwait(false);
                count += job.Images.Count;
            }
            else
            {
                await kept.KeepAsync(job.Images.Select(image => (image.FilePath, job.Id, job.Owner)), CancellationToken.None).ConfigureAwait(false);
            }

            if (job.Inputs.Count > 0)
                await files.DeleteInputsAsync(job.Id).ConfigureAwait(false);

            events.Deleted(job);
        }

        return new Deleted(deleted.Count, count);
    }
}
