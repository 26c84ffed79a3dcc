using System.Security.Cryptography;
using SdStudio.Server.Images;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// Takes the images of a studio out of its database into a folder that its machines share. Each file is compared by its hash; only when all are
/// there is the folder the images' place, and the rows go. A move that was cut off is gone on with.
/// </summary>
internal sealed class ImagesMove(PostgresDatabase database, string folder)
{
    private const int AtOnce = 200;

    // Longer than a machine that lives says nothing.
    private const int LivesMilliseconds = 60_000;
    private readonly FolderBlobs _files = new(folder, isShared: true);

    /// <returns>How many files were moved and what they take.</returns>
    /// <exception cref="CannotStartException">Machines run, or the folder is another studio's.</exception>
    /// <exception cref="InvalidDataException">What was copied is not what was there.</exception>
    public async Task<(int Files, long Bytes)> RunAsync(CancellationToken cancellation)
    {
        string? running = await database.FirstAsync(
            $"SELECT name FROM nodes WHERE seen_at > sdstudio_now() - {LivesMilliseconds} LIMIT 1", row => row.GetString(0), cancellation).ConfigureAwait(false);
        if (running is not null)
            throw new CannotStartException($"The machine {running} was running a moment ago. Stop all machines of this studio and try again a minute later");
        string place = await ImagesPlace.PrepareAsync(database, folder, cancellation).ConfigureAwait(false);
        (int files, long bytes) = (0, 0L);
        // What this writes down is what is deleted: nothing else can have come, as nobody runs.
        await foreach (string name in NamesAsync(cancellation).ConfigureAwait(false))
        {
            bytes += await CopyAsync(name, cancellation).ConfigureAwait(false);
            files++;
        }

        await ImagesPlace.SetAsync(database, place, cancellation).ConfigureAwait(false);
        await foreach (string name in NamesAsync(cancellation).ConfigureAwait(false))
            await database.ExecuteAsync("DELETE FROM blobs WHERE name = @name", cancellation, ("name", name)).ConfigureAwait(false);
        return (files, bytes);
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
        string hash = (await database.FirstAsync("SELECT encode(sha256(data), 'hex') FROM blobs WHERE name = @name", row => row.GetString(0), cancellation, ("name", name)).ConfigureAwait(false))!;
        BlobRow row = (await BlobRow.FindAsync(database, name, cancellation).ConfigureAwait(false))!;
        if (await HashOfAsync(name, cancellation).ConfigureAwait(false) != hash)
        {
            await _files.PutAsync(name, file => row.CopyAsync(database, file, cancellation), cancellation).ConfigureAwait(false);
            if (await HashOfAsync(name, cancellation).ConfigureAwait(false) != hash)
                throw new InvalidDataException($"{name} differs in the folder after it was copied; run the move again");
        }

        return row.Length;
    }

    private async Task<string?> HashOfAsync(string name, CancellationToken cancellation)
    {
        if (await _files.FindAsync(name, cancellation).ConfigureAwait(false) is not { } path)
            return null;
        await using FileStream data = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(data, cancellation).ConfigureAwait(false));
    }
}
