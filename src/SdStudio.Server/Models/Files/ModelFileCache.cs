using System.Collections.Concurrent;
using SdCpp.Interop;

namespace SdStudio.Server.Models.Files;

/// <summary>What the headers of model files say, read once for each state of a file.</summary>
internal sealed class ModelFileCache
{
    private readonly ConcurrentDictionary<string, (long Bytes, DateTime Changed, ModelFileInfo? Info)> _seen = new(StringComparer.Ordinal);

    /// <summary>The file at a path, or the one that a link there leads to: a link has a length and a time of its own.</summary>
    public static FileInfo At(string path)
    {
        var file = new FileInfo(path);
        try
        {
            return file.LinkTarget is null ? file : (FileInfo?)file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A link to itself, or into a folder that nobody may read: as good as no file.
            return file;
        }
    }

    /// <summary>What a file is; null when it does not exist, or is nothing that an engine reads.</summary>
    public ModelFileInfo? Of(FileInfo file)
    {
        if (!file.Exists)
        {
            _seen.TryRemove(file.FullName, out _);
            return null;
        }

        if (_seen.TryGetValue(file.FullName, out (long Bytes, DateTime Changed, ModelFileInfo? Info) seen)
            && seen.Bytes == file.Length && seen.Changed == file.LastWriteTimeUtc)
            return seen.Info;
        ModelFileInfo? info = Read(file.FullName);
        _seen[file.FullName] = (file.Length, file.LastWriteTimeUtc, info);
        return info;
    }

    /// <summary>Bytes of memory that a file's weights take: as its header says, or its length; 0 when it does not exist.</summary>
    public long MemoryOf(FileInfo file) => Of(file)?.MemoryEstimate ?? (file.Exists ? file.Length : 0);

    private static ModelFileInfo? Read(string path)
    {
        try
        {
            return ModelFile.Inspect(path);
        }
        catch (Exception exception) when (exception is SdException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // Half a copy, or no model at all; it is read again when it changes.
            return null;
        }
    }
}
