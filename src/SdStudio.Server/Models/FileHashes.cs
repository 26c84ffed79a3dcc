using System.Security.Cryptography;
using SdStudio.Server.Storage;

namespace SdStudio.Server.Models;

/// <summary>SHA-256 of model files, computed once for each state of a file.</summary>
internal sealed class FileHashes(StudioState state)
{
    // What A1111's tools show and look for.
    private const int ShortDigits = 10;

    public async Task<string> ShortHashAsync(string path, CancellationToken cancellation)
    {
        var file = new FileInfo(path);
        if (state.HashOf(file) is { } known)
            return known[..ShortDigits];
        await using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan | FileOptions.Asynchronous);
        string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));
        state.SaveHash(file, hash);
        return hash[..ShortDigits];
    }
}
