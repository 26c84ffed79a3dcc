using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Downloads;

/// <summary>
/// Receives model files in parts, one after the other. What has come stays through a break and a restart; the file gets its name when all of it
/// is there and it is what it is added as.
/// </summary>
internal sealed class ModelUploads(DataFolders folders, FileHashes hashes, ModelCatalogue catalogue, TimeProvider time)
{
    /// <summary>Most bytes of a part.</summary>
    public const int PartBytes = 8 * 1024 * 1024;

    private const long Spare = 256L * 1024 * 1024;
    private const int MaxOpen = 16;
    private const int BufferBytes = 128 * 1024;
    private static readonly TimeSpan Forgotten = TimeSpan.FromDays(7);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private string Folder => Path.Combine(folders.Root, "uploads");

    /// <summary>Those that are not whole, the oldest first.</summary>
    public IReadOnlyList<ModelUpload> All => !Directory.Exists(Folder) ? []
        : [.. Directory.EnumerateFiles(Folder, "*.json").Select(file => Find(Path.GetFileNameWithoutExtension(file))).OfType<ModelUpload>().OrderBy(upload => upload.Id, StringComparer.Ordinal)];

    /// <summary>Begins one.</summary>
    /// <exception cref="ModelUploadException">There are too many, or no room.</exception>
    public ModelUpload Begin(AddedFile file, long bytes)
    {
        lock (_lock)
        {
            IReadOnlyList<ModelUpload> open = All;
            foreach (ModelUpload old in open.Where(upload => time.GetUtcNow() - File.GetLastWriteTimeUtc(PartOf(upload)) > Forgotten))
                Delete(old.Id);
            if (open.Count >= MaxOpen)
                throw new ModelUploadException($"{open.Count} uploads are not complete; complete one, or delete one with DELETE /api/models/uploads/ID");
            var upload = new ModelUpload(Guid.CreateVersion7(time.GetUtcNow()).ToString("N"), file.Kind, file.Name, bytes, file.Sha256);
            string target = TargetOf(upload);
            Directory.CreateDirectory(Folder);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            long free = new DriveInfo(Path.GetDirectoryName(target)!).AvailableFreeSpace;
            if (bytes + Spare > free)
                throw new ModelUploadException($"The file has {bytes >> 20} MiB and {free >> 20} MiB are free on the disk, of which {Spare >> 20} MiB stay free");
            File.WriteAllBytes(PartOf(upload), []);
            File.WriteAllBytes(StateOf(upload.Id), JsonSerializer.SerializeToUtf8Bytes(upload, UploadJson.Default.ModelUpload));
            return upload;
        }
    }

    /// <summary>An upload that is not whole yet; null for none.</summary>
    public ModelUpload? Find(string id)
    {
        if (id.Length != 32 || !id.All(char.IsAsciiHexDigitLower) || !File.Exists(StateOf(id)))
            return null;
        try
        {
            ModelUpload? upload = JsonSerializer.Deserialize(File.ReadAllBytes(StateOf(id)), UploadJson.Default.ModelUpload);
            // Its file got its name, and then the process died.
            if (upload is null || !File.Exists(PartOf(upload)))
            {
                File.Delete(StateOf(id));
                return null;
            }

            return upload with { Received = new FileInfo(PartOf(upload)).Length };
        }
        catch (Exception exception) when (exception is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Takes the next part.</summary>
    /// <param name="upload">Which one.</param>
    /// <param name="offset">Where the part begins: the number of bytes received so far.</param>
    /// <param name="body">The part; what has come of it before a break is kept.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How many bytes have come; with the last one the file has its name.</returns>
    /// <exception cref="ModelUploadException">The part does not begin where the last one ended, or is too long, or another one comes just now.</exception>
    /// <exception cref="SdException">The whole file is not what it is added as; then nothing is left of it.</exception>
    public async Task<long> AppendAsync(ModelUpload upload, long offset, Stream body, CancellationToken cancellation)
    {
        SemaphoreSlim turn = _turns.GetOrAdd(upload.Id, _ => new SemaphoreSlim(1));
        if (!await turn.WaitAsync(TimeSpan.Zero, cancellation).ConfigureAwait(false))
            throw new ModelUploadException("Another part of this upload is being received; send one after the other");
        try
        {
            long received = await ReceiveAsync(upload, offset, body, cancellation).ConfigureAwait(false);
            if (received == upload.Bytes)
                await CompleteAsync(upload, cancellation).ConfigureAwait(false);
            return received;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Deletes an incomplete upload, with what has come of it.</summary>
    public bool Delete(string id)
    {
        if (Find(id) is not { } upload)
            return false;
        File.Delete(PartOf(upload));
        File.Delete(StateOf(id));
        _turns.TryRemove(id, out _);
        return true;
    }

    private async Task<long> ReceiveAsync(ModelUpload upload, long offset, Stream body, CancellationToken cancellation)
    {
        await using FileStream part = new(PartOf(upload), FileMode.Open, FileAccess.Write, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);
        long received = part.Length;
        if (offset != received)
            throw new ModelUploadException($"offset is {offset}, and {received} bytes have come; send the part that begins there");
        part.Position = received;
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        int count;
        while ((count = await body.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
        {
            if (received + count > upload.Bytes)
                throw new ModelUploadException($"The file was to have {upload.Bytes} bytes, and more come");
            await part.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            received += count;
        }

        part.Flush(flushToDisk: true);
        return received;
    }

    private async Task CompleteAsync(ModelUpload upload, CancellationToken cancellation)
    {
        string path = PartOf(upload), target = TargetOf(upload), sha256;
        try
        {
            await using (FileStream whole = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan | FileOptions.Asynchronous))
                sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(whole, cancellation).ConfigureAwait(false));
            if (upload.Sha256 is { } stated && stated != sha256)
                throw new SdException(SdError.ModelFileInvalid, $"{upload.Name} has the SHA-256 {sha256}, but {stated} was announced; it was deleted");
            AddedFile.Check(upload.Kind, path, upload.Name);
            if (File.Exists(target))
                throw new SdException(SdError.ModelFileInvalid, $"There is a file {upload.Name} by now; what came was deleted");
        }
        catch (SdException)
        {
            Delete(upload.Id);
            throw;
        }

        File.Move(path, target);
        File.Delete(StateOf(upload.Id));
        _turns.TryRemove(upload.Id, out _);
        await hashes.KeepAsync(new FileInfo(target), sha256, cancellation).ConfigureAwait(false);
        catalogue.Added();
    }

    private string TargetOf(ModelUpload upload) => new AddedFile(upload.Kind, upload.Name, "", "", "http://localhost/", Sha256: null).EntryIn(folders.Root).FullPath;

    // Beside its place, so that its name is all that changes when it is whole; hidden, so that nobody takes it for a model.
    private string PartOf(ModelUpload upload) => Path.Combine(Path.GetDirectoryName(TargetOf(upload))!, $".{upload.Id}.part");

    private string StateOf(string id) => Path.Combine(Folder, id + ".json");
}

/// <summary>A file that is being received.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">The kind of file.</param>
/// <param name="Name">The file's name.</param>
/// <param name="Bytes">Its final size.</param>
/// <param name="Sha256">What its content must be; null when nobody said.</param>
internal sealed record ModelUpload(string Id, string Kind, string Name, long Bytes, string? Sha256)
{
    /// <summary>How many bytes have come.</summary>
    [JsonIgnore]
    public long Received { get; init; }
}

/// <summary>An upload cannot go on like this; the message says why.</summary>
internal sealed class ModelUploadException(string message) : Exception(message);

/// <summary>How uploads are kept.</summary>
[JsonSerializable(typeof(ModelUpload))]
internal sealed partial class UploadJson : JsonSerializerContext;
