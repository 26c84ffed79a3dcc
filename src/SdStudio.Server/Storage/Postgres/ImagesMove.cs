using System.Security.Cryptography;
using SdStudio.Server.Images;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// Takes the images of a studio out of its database into a folder that its machines share. Each file is compared by its hash; only when all are
/// there is the folder the images' place, and the rows go. A move that was cut off is gone on with.
/// </summary>
internal sealed class ImagesMove(PostgresDatabase database, string folder, IProgress<MovedSoFar>? progress = null)
{
    private const int AtOnce = 200;

    // Longer than a machine that lives says nothing.
    private const int LivesMilliseconds = 60_000;
    private readonly string _folder = folder;
    private readonly Dictionary<string, long> _copied = new(StringComparer.Ordinal);

    // Nothing is made in a folder before it is known to be the right one.
    private FolderBlobs Files => field ??= new FolderBlobs(_folder, isShared: true);

    /// <returns>How many files were moved and what they take.</returns>
    /// <exception cref="CannotStartException">Machines run, or the folder is another studio's.</exception>
    /// <exception cref="InvalidDataException">What was copied is not what was there.</exception>
    public async Task<(int Files, long Bytes)> RunAsync(CancellationToken cancellation)
    {
        await CheckNobodyRunsAsync("Stop all machines of this studio and try again a minute later", cancellation).ConfigureAwait(false);
        string place = await ImagesPlace.PrepareAsync(database, _folder, cancellation).ConfigureAwait(false);
        long total = await database.FirstAsync("SELECT count(*) FROM blobs", row => row.GetInt64(0), cancellation).ConfigureAwait(false);
        long bytes = 0;
        await foreach (string name in NamesAsync(cancellation).ConfigureAwait(false))
        {
            bytes += await CopyAsync(name, cancellation).ConfigureAwait(false);
            progress?.Report(new MovedSoFar("files", _copied.Count, total));
        }

        // Until here a machine could start, and its images go into the database.
        const string again = "Stop all machines and run the move again a minute later: what is in the folder is not copied again";
        await CheckNobodyRunsAsync(again, cancellation).ConfigureAwait(false);
        await ImagesPlace.SetAsync(database, place, cancellation).ConfigureAwait(false);
        // Only what was copied, and as it was copied: one that has started just now may have written more.
        foreach ((string name, long written) in _copied)
            await database.ExecuteAsync("DELETE FROM blobs WHERE name = @name AND written_at = @written", cancellation, ("name", name), ("written", written)).ConfigureAwait(false);
        await CheckNobodyRunsAsync(again, cancellation).ConfigureAwait(false);
        return (_copied.Count, bytes);
    }

    private async Task CheckNobodyRunsAsync(string remedy, CancellationToken cancellation)
    {
        string? running = await database.FirstAsync(
            $"SELECT name FROM nodes WHERE seen_at > sdstudio_now() - {LivesMilliseconds} LIMIT 1", row => row.GetString(0), cancellation).ConfigureAwait(false);
        if (running is not null)
            throw new CannotStartException($"The machine {running} was running a moment ago. {remedy}");
    }

    private async IAsyncEnumerable<string> NamesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        string after = "";
        while (true)
        {
            List<string> names = await database.QueryAsync(
                $"SELECT name FROM blobs WHERE name > @after ORDER BY name LIMIT {AtOnce}", row => row.GetString(0), cancellation, ("after", after)).ConfigureAwait(false);
            foreach (string name in names)
                yield return name;
            if (names.Count < AtOnce)
                yield break;
            after = names[^1];
        }
    }

    private async Task<long> CopyAsync(string name, CancellationToken cancellation)
    {
        BlobRow? row = await BlobRow.FindAsync(database, name, cancellation).ConfigureAwait(false);
        string? hash = await database.FirstAsync("SELECT encode(sha256(data), 'hex') FROM blobs WHERE name = @name", row => row.GetString(0), cancellation, ("name", name)).ConfigureAwait(false);
        // Deleted meanwhile.
        if (row is null || hash is null)
            return 0;
        if (await HashOfAsync(name, cancellation).ConfigureAwait(false) != hash)
        {
            await Files.PutAsync(name, file => row.CopyAsync(database, file, cancellation), cancellation).ConfigureAwait(false);
            if (await HashOfAsync(name, cancellation).ConfigureAwait(false) != hash)
                throw new InvalidDataException($"{name} differs in the folder after it was copied; run the move again");
        }

        _copied[name] = row.Written;
        return row.Length;
    }

    private async Task<string?> HashOfAsync(string name, CancellationToken cancellation)
    {
        if (await Files.FindAsync(name, cancellation).ConfigureAwait(false) is not { } path)
            return null;
        await using FileStream data = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(data, cancellation).ConfigureAwait(false));
    }
}
