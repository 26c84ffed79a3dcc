using System.Security.Cryptography;
using SdStudio.Server.Storage;

namespace SdStudio.Server.Models;

/// <summary>SHA-256 of model files, computed once for each state of a file.</summary>
internal sealed class FileHashes(StudioState state)
{
    // What A1111's tools show and look for.
    private const int ShortDigits = 10;

    /// <summary>A file's SHA-256 when it is known already; null when the file would have to be read.</summary>
    public string? Known(string path) => File.Exists(path) ? state.HashOf(new FileInfo(path)) : null;

    public static string Short(string sha256) => sha256[..ShortDigits];

    public async Task<string> ShortHashAsync(string path, CancellationToken cancellation)
    {
        var file = new FileInfo(path);
        if (state.HashOf(file) is { } known)
            return Short(known);
        await using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan | FileOptions.Asynchronous);
        string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));
        state.SaveHash(file, hash);
        return Short(hash);
    }
}
