namespace SdStudio.Server.Models.Files;

/// <summary>Keeps the SHA-256 of files.</summary>
internal interface IFileHashStore
{
    /// <summary>The SHA-256 of every file that was ever read, by its path, with what the file was then.</summary>
    IReadOnlyDictionary<string, FileHash> All();

    ValueTask SaveAsync(string path, FileHash hash, CancellationToken cancellation);
}

/// <summary>A file's SHA-256, and the length and time (ticks, UTC) that it had when it was read.</summary>
internal sealed record FileHash(long Bytes, long Changed, string Sha256);
