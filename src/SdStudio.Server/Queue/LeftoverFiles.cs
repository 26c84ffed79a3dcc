using SdStudio.Server.Images;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Queue;

/// <summary>
/// Looks after every start for files that belong to no job: a process that ended between a row and its files leaves some. Only files
/// that are named as this server names them are touched.
/// </summary>
internal sealed partial class LeftoverFiles(
    IJobQueries queries, ISharedState state, ImageFiles files, KeptImages kept, DataFolders folders, TimeProvider time, ILogger<LeftoverFiles> logger) : BackgroundService
{
    /// <summary>Kept once this database's own leftovers were looked for; a copy of the database does not have it.</summary>
    internal const string SweptKey = "leftovers_swept";
    private const int AtOnce = 500;

    // What is written from now on has its row a moment later.
    private readonly DateTime _start = time.GetUtcNow().UtcDateTime;

    /// <summary>Removes what belongs to no job.</summary>
    /// <returns>How many files and folders.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        foreach (string folder in new[] { folders.Images, folders.Thumbnails, folders.Inputs })
            Directory.CreateDirectory(folder);
        int images = await SweepAsync(
            Directory.EnumerateFiles(folders.Images).Where(path => ImageFormats.All.Contains(Path.GetExtension(path).TrimStart('.'))), Path.GetFileNameWithoutExtension, await AreOldOnesKeptAsync(cancellation).ConfigureAwait(false) ? KeepImage : DeleteImage,
            queries.ExistingImagesAsync, cancellation).ConfigureAwait(false);
        int thumbnails = await SweepAsync(
            Directory.EnumerateDirectories(folders.Thumbnails).SelectMany(Directory.EnumerateDirectories), Path.GetFileName, path => Directory.Delete(path, recursive: true),
            queries.ExistingImagesAsync, cancellation).ConfigureAwait(false);
        int inputs = await SweepAsync(
            Directory.EnumerateFiles(folders.Inputs, "*.png"), path => Path.GetFileNameWithoutExtension(path).Split('_')[0], File.Delete,
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

    private void KeepImage(string path) => kept.Keep([(Path.GetRelativePath(folders.Root, path), "", "")]);

    private void DeleteImage(string path) => files.Delete(Path.GetRelativePath(folders.Root, path));

    private async Task<int> SweepAsync(
        IEnumerable<string> paths, Func<string, string> idOf, Action<string> remove, Func<IReadOnlyList<string>, CancellationToken, ValueTask<IReadOnlySet<string>>> existing,
        CancellationToken cancellation)
    {
        int count = 0;
        foreach (string[] some in paths.Where(path => Guid.TryParseExact(idOf(path), "D", out _) && IsOld(path)).Chunk(AtOnce))
        {
            IReadOnlySet<string> known = await existing([.. some.Select(idOf).Distinct(StringComparer.Ordinal)], cancellation).ConfigureAwait(false);
            foreach (string path in some.Where(path => !known.Contains(idOf(path))))
            {
                remove(path);
                count++;
            }
        }

        return count;
    }

    private bool IsOld(string path) => File.GetLastWriteTimeUtc(path) < _start;

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} files that belonged to no job were removed")]
    private partial void LogSwept(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Files that belong to no job could not all be removed: {Reason}")]
    private partial void LogNotSwept(string reason);
}
