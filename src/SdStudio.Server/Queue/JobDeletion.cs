using SdStudio.Server.Images;

namespace SdStudio.Server.Queue;

/// <summary>How a deletion went.</summary>
/// <param name="Jobs">How many jobs are gone.</param>
/// <param name="Files">How many image files are gone with them.</param>
internal readonly record struct Deleted(int Jobs, int Files);

/// <summary>Removes jobs that have ended, with their files.</summary>
internal sealed class JobDeletion(IJobStore store, IJobQueries queries, ImageFiles files, JobLine line, JobEvents events)
{
    // A transaction of this many is over before anybody who waits to write notices.
    private const int AtOnce = 500;

    /// <summary>Removes a job and its files.</summary>
    /// <returns>Whether it was there and had ended.</returns>
    public async Task<bool> DeleteAsync(string id, OwnerScope scope, CancellationToken cancellation) =>
        (await DeleteAsync([id], scope, withImages: true, cancellation).ConfigureAwait(false)).Jobs > 0;

    /// <summary>Removes every job of a scope that has ended.</summary>
    /// <param name="scope">Whose.</param>
    /// <param name="withImages">False keeps the image files.</param>
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

    private async Task<Deleted> DeleteAsync(IReadOnlyList<string> ids, OwnerScope scope, bool withImages, CancellationToken cancellation)
    {
        // The rows first: a file that nobody lists is better than a list of files that are gone.
        IReadOnlyList<DeletedJob> deleted = await store.DeleteAsync(ids, scope, cancellation).ConfigureAwait(false);
        line.Forget();
        int count = 0;
        foreach (DeletedJob job in deleted)
        {
            if (withImages)
            {
                foreach (JobImage image in job.Images)
                    files.Delete(image.FilePath);
                files.DeleteInputs(job.Id);
                count += job.Images.Count;
            }

            events.Deleted(job);
        }

        return new Deleted(deleted.Count, count);
    }
}
