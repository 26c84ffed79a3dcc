using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace SdStudio.Server.Models.Files;

/// <summary>SHA-256 of model files, computed once for each state of a file.</summary>
internal sealed class FileHashes(IFileHashStore store)
{
    // What A1111's tools show and look for.
    private const int ShortDigits = 10;

    // Lists of models ask for each of their files.
    private readonly Lazy<ConcurrentDictionary<string, FileHash>> _hashes = new(() =>
        new ConcurrentDictionary<string, FileHash>(store.All(), StringComparer.Ordinal));

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _computing = new(StringComparer.Ordinal);

    /// <summary>A file's SHA-256 when it is known already; null when the file would have to be read.</summary>
    public string? Known(string path) => Known(ModelFileCache.At(path));

    /// <inheritdoc cref="Known(string)"/>
    public string? Known(FileInfo file) => file.Exists && _hashes.Value.TryGetValue(file.FullName, out FileHash? hash)
        && hash.Bytes == file.Length && hash.Changed == file.LastWriteTimeUtc.Ticks ? hash.Sha256 : null;

    public static string Short(string sha256) => sha256[..ShortDigits];

    public async Task<string> ShortHashAsync(string path, CancellationToken cancellation)
    {
        FileInfo file = ModelFileCache.At(path);
        if (Known(file) is { } known)
            return Short(known);
        // Whoever asks while it is computed waits for the same; it is computed to its end, for the next one who asks.
        Task<string> computing = _computing.GetOrAdd(file.FullName, _ => new Lazy<Task<string>>(() => Task.Run(() => ComputeAsync(path, file)))).Value;
        return Short(await computing.WaitAsync(cancellation).ConfigureAwait(false));
    }

    /// <summary>The same, and null when the file cannot be read: whatever is wrong with it is not the caller's business.</summary>
    public async Task<string?> ShortHashOrNullAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return await ShortHashAsync(path, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or StorageUnavailableException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<string> ComputeAsync(string path, FileInfo file)
    {
        try
        {
            await using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan | FileOptions.Asynchronous);
            string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream).ConfigureAwait(false));
            await KeepAsync(file, hash, CancellationToken.None).ConfigureAwait(false);
            return hash;
        }
        finally
        {
            _computing.TryRemove(file.FullName, out _);
        }
    }

    /// <summary>Keeps what somebody computed for a file as it was then.</summary>
    public ValueTask KeepAsync(FileInfo file, string sha256, CancellationToken cancellation)
    {
        var hash = new FileHash(file.Length, file.LastWriteTimeUtc.Ticks, sha256);
        _hashes.Value[file.FullName] = hash;
        return store.SaveAsync(file.FullName, hash, cancellation);
    }
}
