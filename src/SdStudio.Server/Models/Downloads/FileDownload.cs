using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Downloads;

/// <summary>Fetches one file in parts at the same time, resumes an interrupted one, and gives it its name when it is what the hub states.</summary>
internal sealed class FileDownload(Hub hub, FileHashes hashes, TimeProvider time, IOptions<StudioOptions> options)
{
    private const int BufferBytes = 128 * 1024;
    private static readonly string[] ModelExtensions = [".gguf", ".safetensors"];
    private readonly DownloadOptions _options = options.Value.Downloads;

    /// <param name="file">What the hub states.</param>
    /// <param name="read">Called with the number of bytes received.</param>
    /// <param name="cancellation">Interrupts it; what has come is kept.</param>
    /// <returns>Whether the content was checked against a hash that the hub states.</returns>
    /// <exception cref="SdException">The hub refuses, or what it sent is not what it states; then nothing is left of it.</exception>
    public async Task<bool> FetchAsync(HubFile file, Action<int> read, CancellationToken cancellation)
    {
        using PartFile part = PartFile.Open(file, _options.PartMiB * 1024L * 1024);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Connections, CancellationToken = cancellation };
        await Parallel.ForEachAsync(part.Missing.ToList(), parallel, async (missing, stop) =>
        {
            await FetchAsync(file, part, missing.From, missing.To, read, stop).ConfigureAwait(false);
            part.Finish(missing.Index);
        }).ConfigureAwait(false);
        string sha256 = await CheckAsync(file, cancellation).ConfigureAwait(false);
        part.Complete(file.Entry.FullPath);
        await hashes.KeepAsync(new FileInfo(file.Entry.FullPath), sha256, cancellation).ConfigureAwait(false);
        return file.StatesHash;
    }

    private async Task FetchAsync(HubFile file, PartFile part, long from, long to, Action<int> read, CancellationToken cancellation)
    {
        long at = from;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            // What has come is not asked for again.
            await hub.TryAsync(
                async token =>
                {
                    using HttpResponseMessage response = await hub.OpenAsync(file, at, to, token).ConfigureAwait(false);
                    await using Stream body = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
                    var pace = new Pace(_options.StallSeconds, time);
                    while (at < to)
                    {
                        int count = await ReadAsync(body, buffer.AsMemory(0, (int)Math.Min(BufferBytes, to - at)), token).ConfigureAwait(false);
                        pace.Add(count);
                        part.Write(buffer.AsSpan(0, count), at);
                        at += count;
                        read(count);
                    }
                },
                file.Entry, cancellation).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stall.CancelAfter(TimeSpan.FromSeconds(_options.StallSeconds));
        try
        {
            int count = await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
            return count > 0 ? count : throw new HubBrokenException("the connection was cut");
        }
        catch (IOException exception)
        {
            throw new HubBrokenException("the connection was cut", exception);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new HubBrokenException($"nothing came for {_options.StallSeconds} seconds", exception);
        }
    }

    private static async Task<string> CheckAsync(HubFile file, CancellationToken cancellation)
    {
        string path = PartFile.PathOf(file.Entry.FullPath);
        (string sha256, string gitSha1) = await HashesAsync(path, withGit: file.GitSha1 is not null, cancellation).ConfigureAwait(false);
        bool isRight = (file.Sha256 is null || file.Sha256 == sha256) && (file.GitSha1 is null || file.GitSha1 == gitSha1);
        if (isRight)
        {
            if (file.Entry.Kind is { } kind)
                Check(file, kind, path);
            else if (!file.StatesHash)
                Inspect(file, path);
            return sha256;
        }

        PartFile.Delete(file.Entry.FullPath);
        throw new SdException(
            SdError.ModelFileInvalid,
            $"{file.Entry.Name} came with the hash {(file.Sha256 is null ? gitSha1 : sha256)}, but {(file.Entry.Sha256 is null ? "the hub states" : "it should be")} {file.Sha256 ?? file.GitSha1}; it was deleted");
    }

    private static void Check(HubFile file, string kind, string path)
    {
        try
        {
            AddedFile.Check(kind, path, Path.GetFileName(file.Entry.Written));
        }
        catch (SdException exception)
        {
            PartFile.Delete(file.Entry.FullPath);
            throw new SdException(SdError.ModelFileInvalid, $"{exception.Message}; it was deleted", exception);
        }
    }

    // Nothing tells what it should be: at least it is what its name says.
    private static void Inspect(HubFile file, string path)
    {
        if (!ModelExtensions.Contains(Path.GetExtension(file.Entry.FullPath), StringComparer.OrdinalIgnoreCase))
            return;
        try
        {
            ModelFile.Inspect(path);
        }
        catch (SdException exception)
        {
            PartFile.Delete(file.Entry.FullPath);
            throw new SdException(
                SdError.ModelFileInvalid, $"The file sent as {file.Entry.Path} of {file.Entry.Repo} is not a model: {exception.Message.Replace(path, file.Entry.Written, StringComparison.Ordinal)}; it was deleted", exception);
        }
    }

    // Git hashes "blob", the length, a zero and the content: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    private static async Task<(string Sha256, string GitSha1)> HashesAsync(string path, bool withGit, CancellationToken cancellation)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
#pragma warning disable CA5350 // Git's own hash, not ours to choose.
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        await using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 20, FileOptions.SequentialScan | FileOptions.Asynchronous);
        sha1.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {stream.Length}\0")));
        var buffer = new byte[1 << 20];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
        {
            sha256.AppendData(buffer, 0, count);
            if (withGit)
                sha1.AppendData(buffer, 0, count);
        }

        return (Convert.ToHexStringLower(sha256.GetHashAndReset()), Convert.ToHexStringLower(sha1.GetHashAndReset()));
    }

    /// <summary>Gives up a connection on which hardly anything comes.</summary>
    private sealed class Pace(int seconds, TimeProvider time)
    {
        private const long MinBytesPerSecond = 1024;
        private long _bytes;
        private long _since = time.GetTimestamp();

        public void Add(int count)
        {
            _bytes += count;
            TimeSpan took = time.GetElapsedTime(_since);
            if (took.TotalSeconds < seconds)
                return;
            if (_bytes < MinBytesPerSecond * seconds)
                throw new HubBrokenException($"{_bytes} bytes came in {took.TotalSeconds:0} seconds");
            (_bytes, _since) = (0, time.GetTimestamp());
        }
    }
}
