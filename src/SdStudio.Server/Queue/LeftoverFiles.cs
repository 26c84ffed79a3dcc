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

    // What is written from now on has its row a moment later; what other processes write has it before long.
    private readonly DateTime _start = time.GetUtcNow().UtcDateTime - (state.IsShared ? TimeSpan.FromHours(1) : TimeSpan.Zero);

    /// <summary>Removes what belongs to no job.</summary>
    /// <returns>How many files and folders.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        int images = await SweepAsync(
            "images", Path.GetFileNameWithoutExtension, await AreOldOnesKeptAsync(cancellation).ConfigureAwait(false) ? KeepImageAsync : DeleteImageAsync,
            queries.ExistingImagesAsync, cancellation).ConfigureAwait(false);
        int thumbnails = await SweepAsync("thumbnails", ImageOf, DeleteAsync, queries.ExistingImagesAsync, cancellation).ConfigureAwait(false);
        int inputs = await SweepAsync(
            "inputs", name => Path.GetFileNameWithoutExtension(name).Split('_')[0], DeleteAsync,
            (ids, stop) => queries.ExistingJobsAsync(ids, OwnerScope.All, stop), cancellation).ConfigureAwait(false);
        await state.ChangeTextAsync(SweptKey, _ => "true", cancellation).ConfigureAwait(false);
        return images + thumbnails + inputs;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
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

    private async Task<int> SweepAsync(
        string folder, Func<string, string?> idOf, Func<string, ValueTask> remove, Func<IReadOnlyList<string>, CancellationToken, ValueTask<IReadOnlySet<string>>> existing,
        CancellationToken cancellation)
    {
        int count = 0;
        await foreach (string[] some in blobs.ListAsync(folder, cancellation).Where(file => Guid.TryParseExact(idOf(file.Name), "D", out _) && file.Written < _start).Select(file => file.Name).Chunk(AtOnce).ConfigureAwait(false))
        {
            IReadOnlySet<string> known = await existing([.. some.Select(name => idOf(name)!).Distinct(StringComparer.Ordinal)], cancellation).ConfigureAwait(false);
            foreach (string name in some.Where(name => !known.Contains(idOf(name)!)))
            {
                await remove(name).ConfigureAwait(false);
                count++;
            }
        }

        return count;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} files that belonged to no job were removed")]
    private partial void LogSwept(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Files that belong to no job could not all be removed: {Reason}")]
    private partial void LogNotSwept(string reason);
}
