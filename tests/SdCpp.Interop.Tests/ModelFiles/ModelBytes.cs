using System.Globalization;
using System.Text;

namespace SdCpp.Interop.Tests;

/// <summary>Writes small model files, right ones and wrong ones.</summary>
internal static class ModelBytes
{
    public static byte[] Safetensors(params (string Name, long[] Shape)[] tensors) => Safetensors("F16", 2, tensors);

    public static byte[] Safetensors(string dtype, int size, params (string Name, long[] Shape)[] tensors)
    {
        long offset = 0;
        StringBuilder json = new("""{"__metadata__":{"format":"pt"}""");
        foreach ((string name, long[] shape) in tensors)
        {
            long end = offset + shape.Aggregate(1L, (a, b) => a * b) * size;
            json.Append(CultureInfo.InvariantCulture,
                $$""","{{name}}":{"dtype":"{{dtype}}","shape":[{{string.Join(',', shape)}}],"data_offsets":[{{offset}},{{end}}]}""");
            offset = end;
        }
        return Safetensors(json.Append('}').ToString(), (int)offset);
    }

    public static byte[] Safetensors(string json, int dataBytes)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        return [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. new byte[dataBytes]];
    }

    public static byte[] Gguf(string architecture, params (string Name, long[] Shape)[] tensors)
    {
        var gguf = new GgufBytes();
        gguf.Note("general.architecture", architecture);
        foreach ((string name, long[] shape) in tensors)
            gguf.Tensor(name, shape, 1, shape.Aggregate(2L, (a, b) => a * b));
        return gguf.Build();
    }

    public static (string Name, long[] Shape)[] Named(params string[] names) => [.. names.Select(n => (n, new long[] { 2, 4 }))];
}

/// <summary>A GGUF file in the making. Everything it says can be made a lie.</summary>
internal sealed class GgufBytes
{
    private readonly List<Action<BinaryWriter>> _notes = [];
    private readonly List<Action<BinaryWriter>> _tensors = [];
    private long _data;

    public uint Version { get; init; } = 3;

    public ulong? ClaimedTensors { get; init; }

    public ulong? ClaimedNotes { get; init; }

    public void Note(string key, string value) => Note(key, 8, w => Text(w, value));

    public void Note(string key, uint type, Action<BinaryWriter> value) => _notes.Add(writer =>
    {
        Text(writer, key);
        writer.Write(type);
        value(writer);
    });

    /// <summary>A tensor with its shape outermost first, right after the one before it unless an offset is given.</summary>
    public void Tensor(string name, long[] shape, uint type, long bytes, long? offset = null)
    {
        long begin = offset ?? _data;
        _data = (_data + bytes + 31) / 32 * 32;
        _tensors.Add(writer =>
        {
            Text(writer, name);
            writer.Write((uint)shape.Length);
            for (int i = shape.Length - 1; i >= 0; i--)
                writer.Write(shape[i]);
            writer.Write(type);
            writer.Write(begin);
        });
    }

    public byte[] Build()
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write(ClaimedTensors ?? (ulong)_tensors.Count);
        writer.Write(ClaimedNotes ?? (ulong)_notes.Count);
        foreach (Action<BinaryWriter> part in _notes.Concat(_tensors))
            part(writer);
        file.SetLength((file.Length + 31) / 32 * 32 + _data);
        return file.ToArray();
    }

    public static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}

/// <summary>A folder that goes away with the test.</summary>
public abstract class ModelFileTest : IDisposable
{
    protected string Folder { get; } = Directory.CreateTempSubdirectory("sdstudio-model-files-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    protected string Write(byte[] bytes, string name = "model.bin")
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    protected ModelFileInfo Inspect(byte[] bytes) => ModelFile.Inspect(Write(bytes));

    protected SdException Refused(byte[] bytes, SdError code)
    {
        SdException error = Assert.Throws<SdException>(() => Inspect(bytes));
        Assert.True(error.Code == code, $"{error.Code}: {error.Message}");
        Assert.Contains("model.bin", error.Message, StringComparison.Ordinal);
        return error;
    }
}
