using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;

namespace SdStudio.Server.Models.Downloads;

/// <summary>A file that is being fetched: its bytes under a temporary name, and beside them which parts are there.</summary>
internal sealed class PartFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly PartState _state;
    private readonly Lock _lock = new();

    private PartFile(string path, SafeFileHandle file, PartState state) => (_path, _file, _state) = (path, file, state);

    /// <summary>The parts that are not there yet, from byte to byte.</summary>
    public IEnumerable<(int Index, long From, long To)> Missing => Enumerable.Range(0, _state.Done.Length).Where(index => !_state.Done[index])
        .Select(index => (index, index * _state.PartBytes, Math.Min((index + 1) * _state.PartBytes, _state.Bytes)));

    public static string PathOf(string target) => target + ".part";

    /// <summary>Bytes that were fetched before; 0 when there are none, or of another state of the file.</summary>
    public static long BytesOf(HubFile file) => Load(file) is { } state ? state.BytesDone : 0;

    /// <summary>Opens an interrupted download, or starts a new one.</summary>
    /// <param name="file">What the hub states.</param>
    /// <param name="partBytes">The length of a part of a new download.</param>
    public static PartFile Open(HubFile file, long partBytes)
    {
        string path = PathOf(file.Entry.FullPath);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        PartState? state = Load(file);
        SafeFileHandle handle = File.OpenHandle(path, state is null ? FileMode.Create : FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        state ??= new PartState(Identity(file), file.Bytes, partBytes, new bool[(file.Bytes + partBytes - 1) / partBytes]);
        return new PartFile(path, handle, state);
    }

    public void Write(ReadOnlySpan<byte> bytes, long at) => RandomAccess.Write(_file, bytes, at);

    /// <summary>A part is there: its bytes are on disk before that is noted.</summary>
    public void Finish(int part)
    {
        lock (_lock)
        {
            RandomAccess.FlushToDisk(_file);
            _state.Done[part] = true;
            File.WriteAllBytes(StatePath(_path) + ".new", JsonSerializer.SerializeToUtf8Bytes(_state, PartJson.Default.PartState));
            File.Move(StatePath(_path) + ".new", StatePath(_path), overwrite: true);
        }
    }

    /// <summary>Gives the file its name: from now on it is whole.</summary>
    public void Complete(string target)
    {
        RandomAccess.FlushToDisk(_file);
        _file.Dispose();
        File.Move(_path, target, overwrite: true);
        File.Delete(StatePath(_path));
    }

    public static void Delete(string target)
    {
        File.Delete(PathOf(target));
        File.Delete(StatePath(PathOf(target)));
    }

    public void Dispose() => _file.Dispose();

    private static PartState? Load(HubFile file)
    {
        string path = PathOf(file.Entry.FullPath);
        try
        {
            PartState? state = File.Exists(path) && File.Exists(StatePath(path))
                ? JsonSerializer.Deserialize(File.ReadAllBytes(StatePath(path)), PartJson.Default.PartState)
                : null;
            return state is { PartBytes: > 0, Done: not null } && state.Identity == Identity(file) && state.Bytes == file.Bytes
                && state.Done.Length == (state.Bytes + state.PartBytes - 1) / state.PartBytes ? state : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Parts of two states of a file do not make a file.
    private static string Identity(HubFile file) => file.Sha256 ?? file.GitSha1 ?? $"{file.Commit}|{file.Tag}";

    private static string StatePath(string path) => path + ".json";
}

/// <summary>Which parts of a file are there.</summary>
internal sealed record PartState(string Identity, long Bytes, long PartBytes, bool[] Done)
{
    [JsonIgnore]
    public long BytesDone => Done.Select((done, index) => done ? Math.Min(PartBytes, Bytes - (index * PartBytes)) : 0).Sum();
}

/// <summary>How it is kept.</summary>
[JsonSerializable(typeof(PartState))]
internal sealed partial class PartJson : JsonSerializerContext;
