using SdStudio.Server.Images;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// Files in PostgreSQL, so that every machine has all of them; each keeps copies of what it shows in its own data directory, within a bound.
/// They are read from there, with ranges.
/// </summary>
internal sealed class PostgresBlobs : IBlobStore
{
    private const long MaxCopyBytes = 4L << 30;

    // After this much was copied, what there is is counted again.
    private const long CountAfterBytes = 256L << 20;
    private const int MaxTries = 10;
    private const string KeptFolder = "kept/";
    private readonly PostgresDatabase _database;
    private readonly string _root;
    private readonly string _folder;
    private readonly FolderBlobs _copies;
    private long _copiedBytes = CountAfterBytes;

    public PostgresBlobs(PostgresDatabase database, DataFolders folders)
    {
        _database = database;
        _root = folders.Root;
        // Beside what the machine had before it shared a database: that is nobody's copy.
        _folder = Path.Combine(folders.Root, "copies");
        _copies = new FolderBlobs(_folder);
    }

    public bool IsShared => true;

    public async ValueTask PutAsync(string name, Action<Stream> write, CancellationToken cancellation)
    {
        for (int attempt = 1; !await TryPutAsync(name, write, isLast: attempt == MaxTries, cancellation).ConfigureAwait(false); attempt++)
        {
            // Somebody has deleted the copy in between, and with it what was to be sent.
        }
    }

    private async ValueTask<bool> TryPutAsync(string name, Action<Stream> write, bool isLast, CancellationToken cancellation)
    {
        await _copies.PutAsync(name, write, cancellation).ConfigureAwait(false);
        try
        {
            string copy = Path.Combine(_folder, name);
            long length = 0;
            // An image that is listed stays as it is: what a machine writes that has lost its job meanwhile comes too late.
            bool isWritten = await _database.WriteAsync(
                async session =>
                {
                    await using FileStream data = File.OpenRead(copy);
                    length = data.Length;
                    return await session.FirstAsync(
                        """
                        INSERT INTO blobs (name, data) SELECT @name, @data
                        WHERE @name NOT LIKE 'images/%' OR NOT EXISTS (SELECT 1 FROM images WHERE id = split_part(substr(@name, 8), '.', 1))
                        ON CONFLICT (name) DO UPDATE SET data = excluded.data, written_at = sdstudio_now() RETURNING true
                        """,
                        row => row.GetBoolean(0), ("name", name), ("data", data)).ConfigureAwait(false);
                },
                cancellation).ConfigureAwait(false);
            if (isWritten)
                Copied(length);
            else
                await _copies.DeleteAsync(name, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException && !isLast)
        {
            return false;
        }
        catch
        {
            // What the others cannot see is not there.
            await _copies.DeleteAsync(name, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask<string?> FindAsync(string name, CancellationToken cancellation)
    {
        if (name.StartsWith(KeptFolder, StringComparison.Ordinal))
            return Path.Combine(_root, name) is var kept && File.Exists(kept) ? kept : null;
        while (true)
        {
            if (await _copies.FindAsync(name, cancellation).ConfigureAwait(false) is { } known)
                return known;
            if (await BlobRow.FindAsync(_database, name, cancellation).ConfigureAwait(false) is not { } there)
                return null;
            // It was written again meanwhile: what there is now is looked for.
            if (!await _copies.PutAsync(name, file => there.CopyAsync(_database, file, cancellation), cancellation).ConfigureAwait(false))
                continue;
            Copied(there.Length);
            // Who deletes it tells of it once: a copy that was not whole yet is not among those that go.
            if (await BlobRow.FindAsync(_database, name, cancellation).ConfigureAwait(false) is null)
                await _copies.DeleteAsync(name, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public async ValueTask<bool> MoveAsync(string name, string to, CancellationToken cancellation)
    {
        // What is kept for people is no image of the studio any more: it goes into this machine's own folder.
        if (to.StartsWith(KeptFolder, StringComparison.Ordinal))
        {
            if (await FindAsync(name, cancellation).ConfigureAwait(false) is not { } copy)
                return false;
            Directory.CreateDirectory(Path.Combine(_root, KeptFolder));
            File.Copy(copy, Path.Combine(_root, to), overwrite: true);
            await DeleteAsync(name, cancellation).ConfigureAwait(false);
            return true;
        }

        await _copies.MoveAsync(name, to, cancellation).ConfigureAwait(false);
        return await _database.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync("DELETE FROM blobs WHERE name = @to AND EXISTS (SELECT 1 FROM blobs WHERE name = @name)", ("name", name), ("to", to)).ConfigureAwait(false);
                int count = await session.ExecuteAsync("UPDATE blobs SET name = @to WHERE name = @name", ("name", name), ("to", to)).ConfigureAwait(false);
                session.Ring(PostgresBells.Forgotten, name);
                return count > 0;
            },
            cancellation).ConfigureAwait(false);
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        await _copies.DeleteAsync(name, cancellation).ConfigureAwait(false);
        await _database.WriteAsync(
            async session =>
            {
                if (await session.ExecuteAsync("DELETE FROM blobs WHERE name = @name", ("name", name)).ConfigureAwait(false) > 0)
                    session.Ring(PostgresBells.Forgotten, name);
                return true;
            },
            cancellation).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<(string Name, DateTime Written)> ListAsync(string folder, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach ((string, DateTime) file in await _database.QueryAsync(
            "SELECT name, written_at FROM blobs WHERE name > @folder AND name < @behind",
            // A zero is the character behind a slash.
            row => (row.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)).UtcDateTime), cancellation, ("folder", folder + "/"), ("behind", folder + "0")).ConfigureAwait(false))
            yield return file;
    }

    /// <summary>Another machine has deleted a file.</summary>
    public void Forget(string name) => _copies.DeleteAsync(name, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>Removes copies of what was deleted while this machine did not hear of it.</summary>
    public async Task ForgetGoneAsync(CancellationToken cancellation)
    {
        foreach (string[] names in Copies().Select(file => file.Name).Chunk(500))
        {
            List<string> known = await _database.QueryAsync("SELECT name FROM blobs WHERE name = ANY(@names)", row => row.GetString(0), cancellation, ("names", names)).ConfigureAwait(false);
            // A file that is being written is copied first.
            foreach (string gone in names.Except(known).Where(name => File.GetLastWriteTimeUtc(Path.Combine(_folder, name)) < DateTime.UtcNow.AddMinutes(-1)))
                Forget(gone);
        }
    }

    private void Copied(long bytes)
    {
        if (Interlocked.Add(ref _copiedBytes, bytes) < CountAfterBytes)
            return;
        Interlocked.Exchange(ref _copiedBytes, 0);
        List<(string Name, FileInfo File)> all = [.. Copies().OrderBy(copy => copy.File.LastAccessTimeUtc)];
        long sum = all.Sum(copy => copy.File.Length);
        foreach ((string name, FileInfo file) in all.TakeWhile(_ => sum > MaxCopyBytes))
        {
            sum -= file.Length;
            Forget(name);
        }
    }

    private IEnumerable<(string Name, FileInfo File)> Copies() => FolderBlobs.Folders
        .SelectMany(folder => new DirectoryInfo(Path.Combine(_folder, folder)).EnumerateFiles("*", SearchOption.AllDirectories))
        .Where(file => file.Extension != ".tmp")
        .Select(file => (Path.GetRelativePath(_folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/'), file));
}
