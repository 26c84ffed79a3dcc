using SdStudio.Server.Images;

namespace SdStudio.Server.Queue;

/// <summary>
/// Looks after every start for files that belong to no job: a process that ended between a row and its files leaves some. Only files
/// that are named as this server names them are touched.
/// </summary>
internal sealed partial class LeftoverFiles(
    IJobQueries queries, ISharedState state, IBlobStore blobs, ImageFiles files, KeptImages kept, TimeProvider time, ILogger<LeftoverFiles> logger) : BackgroundService
{
    /// <summary>Kept once this database's own leftovers were looked for; a copy of the database does not have it.</summary>
    internal const string SweptKey = "leftovers_swept";
    private const int AtOnce = 500;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromDays(1);

    // What is written from now on has its row a moment later; what other processes write has it before long.
    private readonly DateTime _start = time.GetUtcNow().UtcDateTime;

    private DateTime NewFrom => state.IsShared ? time.GetUtcNow().UtcDateTime - TimeSpan.FromHours(1) : _start;

    /// <summary>Removes what belongs to no job.</summary>
    /// <returns>How many files and folders.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        int images = await SweepAsync(
            "images", ImageFiles.IdOf, await AreOldOnesKeptAsync(cancellation).ConfigureAwait(false) ? KeepImageAsync : DeleteImageAsync, ListedAsync, cancellation).ConfigureAwait(false);
        int thumbnails = await SweepAsync("thumbnails", ImageOf, DeleteAsync, ThumbnailsOfListedAsync, cancellation).ConfigureAwait(false);
        int inputs = await SweepAsync("inputs", JobOf, DeleteAsync, InputsOfJobsAsync, cancellation).ConfigureAwait(false);
        await state.ChangeTextAsync(SweptKey, _ => "true", cancellation).ConfigureAwait(false);
        return images + thumbnails + inputs;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        do
            await SweepOnceAsync(stoppingToken).ConfigureAwait(false);
        // Machines that lose a job leave its files.
        while (blobs.IsShared && await WaitAsync(stoppingToken).ConfigureAwait(false));
    }

    private async Task<bool> WaitAsync(CancellationToken stop)
    {
        await Task.Delay(SweepEvery, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stop.IsCancellationRequested;
    }

    private async Task SweepOnceAsync(CancellationToken stoppingToken)
    {
        try
        {
            int count = await SweepAsync(stoppingToken).ConfigureAwait(false);
            if (count > 0)
                LogSwept(count);
        }
        catch (OperationCanceledException)
        {
            // The next start looks again.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or StorageUnavailableException)
        {
            LogNotSwept(exception.Message);
        }
    }

    // Earlier versions left images where they were when only their rows were deleted, and a copy of the database that was put back does not
    // know the newest ones: those are somebody's.
    private async Task<bool> AreOldOnesKeptAsync(CancellationToken cancellation) => await state.TextAsync(SweptKey, cancellation).ConfigureAwait(false) is null;

    private async ValueTask KeepImageAsync(string name) => await kept.KeepAsync([(name, "", "")], CancellationToken.None).ConfigureAwait(false);

    private ValueTask DeleteImageAsync(string name) => files.DeleteAsync(name, CancellationToken.None);

    private ValueTask DeleteAsync(string name) => blobs.DeleteAsync(name, CancellationToken.None);

    // thumbnails/ab/ID/256.webp; earlier versions wrote thumbnails/ID.webp, which is not looked at any more.
    private static string ImageOf(string name) => name.Split('/') is [_, _, var id, _] ? id : Guid.Empty.ToString();

    private static string JobOf(string name) => Path.GetFileNameWithoutExtension(name).Split('_')[0];

    // Of the files of several attempts one is the image's.
    private async ValueTask<IEnumerable<string>> ListedAsync(string[] names, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, string> known = await queries.ExistingImagesAsync([.. names.Select(ImageFiles.IdOf).Distinct(StringComparer.Ordinal)], cancellation).ConfigureAwait(false);
        return names.Where(name => known.TryGetValue(ImageFiles.IdOf(name), out string? file) && (!blobs.IsShared || file == name));
    }

    private async ValueTask<IEnumerable<string>> ThumbnailsOfListedAsync(string[] names, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, string> known = await queries.ExistingImagesAsync([.. names.Select(ImageOf).Distinct(StringComparer.Ordinal)], cancellation).ConfigureAwait(false);
        return names.Where(name => known.ContainsKey(ImageOf(name)));
    }

    private async ValueTask<IEnumerable<string>> InputsOfJobsAsync(string[] names, CancellationToken cancellation)
    {
        IReadOnlySet<string> known = await queries.ExistingJobsAsync([.. names.Select(JobOf).Distinct(StringComparer.Ordinal)], OwnerScope.All, cancellation).ConfigureAwait(false);
        return names.Where(name => known.Contains(JobOf(name)));
    }

    private async Task<int> SweepAsync(
        string folder, Func<string, string> idOf, Func<string, ValueTask> remove, Func<string[], CancellationToken, ValueTask<IEnumerable<string>>> staying, CancellationToken cancellation)
    {
        int count = 0;
        DateTime newFrom = NewFrom;
        await foreach (string[] some in blobs.ListAsync(folder, cancellation).Where(file => Guid.TryParseExact(idOf(file.Name), "D", out _) && file.Written < newFrom).Select(file => file.Name).Chunk(AtOnce).ConfigureAwait(false))
        {
            foreach (string name in some.Except(await staying(some, cancellation).ConfigureAwait(false)))
            {
                await remove(name).ConfigureAwait(false);
                count++;
            }
        }

        return count;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Count} files that belonged to no job")]
    private partial void LogSwept(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Some files that belong to no job could not be removed: {Reason}")]
    private partial void LogNotSwept(string reason);
}
