using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SdCpp.Interop.Tests;

/// <summary>A tensor of a file that is being changed. The shape is in the file's own order; the data need not fit it.</summary>
internal sealed record DocumentTensor(string Name, ulong[] Shape, uint Type, byte[] Data)
{
    /// <summary>Where the header says the data is, in place of where it is.</summary>
    public ulong? ClaimedOffset { get; init; }
}

/// <summary>A GGUF file taken apart, to be changed and put together again as GGUF or safetensors.</summary>
internal sealed class ModelDocument
{
    private const int Alignment = 32;

    // Twice the demo model's largest tensor: a file of them all is no larger than an array may be.
    private const decimal MostNumbers = 2e7m;

    // Numbers as in ggml.h: length of a block, bytes of a block.
    private static readonly Dictionary<uint, (string Safetensors, int Length, int Bytes)> Types = new()
    {
        [0] = ("F32", 1, 4), [1] = ("F16", 1, 2), [2] = ("U8", 32, 18), [3] = ("U8", 32, 20), [6] = ("U8", 32, 22), [7] = ("U8", 32, 24),
        [8] = ("U8", 32, 34), [9] = ("U8", 32, 36), [10] = ("U8", 256, 84), [11] = ("U8", 256, 110), [12] = ("U8", 256, 144),
        [13] = ("U8", 256, 176), [14] = ("U8", 256, 210), [15] = ("U8", 256, 292), [16] = ("U8", 256, 66), [17] = ("U8", 256, 74),
        [18] = ("U8", 256, 98), [19] = ("U8", 256, 50), [20] = ("U8", 32, 18), [21] = ("U8", 256, 110), [22] = ("U8", 256, 82),
        [23] = ("U8", 256, 136), [24] = ("I8", 1, 1), [25] = ("I16", 1, 2), [26] = ("I32", 1, 4), [27] = ("I64", 1, 8),
        [28] = ("F64", 1, 8), [29] = ("U8", 256, 56), [30] = ("BF16", 1, 2), [34] = ("U8", 256, 54), [35] = ("U8", 256, 66),
        [39] = ("U8", 32, 17), [40] = ("U8", 64, 36), [41] = ("U8", 128, 18), [42] = ("U8", 64, 18),
    };

    private ModelDocument(IEnumerable<(string Key, uint Type, byte[] Value)> notes, IEnumerable<DocumentTensor> tensors)
    {
        Notes = [.. notes];
        Tensors = [.. tensors];
    }

    public static IEnumerable<uint> TypeNumbers => Types.Keys;

    public List<(string Key, uint Type, byte[] Value)> Notes { get; }

    public List<DocumentTensor> Tensors { get; }

    public static ModelDocument OfTensors(IEnumerable<DocumentTensor> tensors) => new([], tensors);

    /// <summary>Reads what <see cref="DemoModel"/> writes: notes of text only.</summary>
    public static ModelDocument Read(byte[] file)
    {
        int at = 24;
        var notes = new List<(string, uint, byte[])>();
        var tensors = new List<(string Name, ulong[] Shape, uint Type, ulong Offset)>();
        for (ulong i = BitConverter.ToUInt64(file, 16); i > 0; i--)
            notes.Add((Text(), U32(), Encoding.UTF8.GetBytes(Text())));
        for (ulong i = BitConverter.ToUInt64(file, 8); i > 0; i--)
            tensors.Add((Text(), [.. Enumerable.Range(0, (int)U32()).Select(_ => U64())], U32(), U64()));
        int start = Aligned(at);
        return new ModelDocument(notes, tensors.Select(t =>
            new DocumentTensor(t.Name, t.Shape, t.Type, file.AsSpan(start + (int)t.Offset, Bytes(t.Shape, t.Type)).ToArray())));

        string Text() { int n = (int)U64(); at += n; return Encoding.UTF8.GetString(file, at - n, n); }
        uint U32() { at += 4; return BitConverter.ToUInt32(file, at - 4); }
        ulong U64() { at += 8; return BitConverter.ToUInt64(file, at - 8); }
    }

    public ModelDocument Copy() => new(Notes, Tensors);

    /// <summary>Bytes of a tensor; 0 when its rows do not fill whole blocks or it is too large for a test.</summary>
    public static int Bytes(ulong[] shape, uint type)
    {
        (_, int length, int bytes) = Types.TryGetValue(type, out var known) ? known : ("U8", 1, 4);
        decimal count = shape.Aggregate(1m, (product, size) => product > MostNumbers ? product : product * size);
        return count > MostNumbers || count % length != 0 ? 0 : (int)(count / length * bytes);
    }

    /// <summary>The tensor with another shape or type, and as much data as these need: the old data, then zeros.</summary>
    public static DocumentTensor Reshaped(DocumentTensor tensor, ulong[] shape, uint type)
    {
        byte[] data = new byte[Bytes(shape, type)];
        tensor.Data.AsSpan(0, Math.Min(data.Length, tensor.Data.Length)).CopyTo(data);
        // Numbers of another type may be anything; zeros are a number in all of them.
        if (type != tensor.Type)
            data.AsSpan().Clear();
        return tensor with { Shape = shape, Type = type, Data = data };
    }

    public ArraySegment<byte> ToGguf(int alignment = Alignment)
    {
        // Room for the data, its padding and the header, so that nothing is copied when it grows.
        using var file = new MemoryStream(Tensors.Sum(t => Aligned(t.Data.Length, alignment) + 512) + Notes.Sum(n => n.Value.Length + 64) + alignment);
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)Tensors.Count);
        writer.Write((ulong)Notes.Count);
        foreach ((string key, uint type, byte[] value) in Notes)
        {
            GgufBytes.Text(writer, key);
            writer.Write(type);
            if (type == 8)
                writer.Write((ulong)value.Length);
            writer.Write(value);
        }
        long offset = 0;
        foreach (DocumentTensor tensor in Tensors)
        {
            GgufBytes.Text(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Length);
            foreach (ulong size in tensor.Shape)
                writer.Write(size);
            writer.Write(tensor.Type);
            writer.Write(tensor.ClaimedOffset ?? (ulong)offset);
            offset += Aligned(tensor.Data.Length, alignment);
        }
        foreach (DocumentTensor tensor in Tensors)
        {
            Pad(writer, alignment);
            writer.Write(tensor.Data);
        }
        Pad(writer, alignment);
        return new ArraySegment<byte>(file.GetBuffer(), 0, (int)file.Length);
    }

    public ArraySegment<byte> ToSafetensors()
    {
        StringBuilder json = new("""{"__metadata__":{"format":"pt"}""");
        ulong at = 0;
        foreach (DocumentTensor tensor in Tensors)
        {
            string type = Types.TryGetValue(tensor.Type, out var known) ? known.Safetensors : "Q" + tensor.Type;
            ulong begin = tensor.ClaimedOffset ?? at;
            json.Append(CultureInfo.InvariantCulture,
                $$""","{{JsonEncodedText.Encode(tensor.Name)}}":{"dtype":"{{type}}","shape":[{{string.Join(',', tensor.Shape.Reverse())}}],"data_offsets":[{{begin}},{{begin + (ulong)tensor.Data.Length}}]}""");
            at += (ulong)tensor.Data.Length;
        }
        byte[] header = Encoding.UTF8.GetBytes(json.Append('}').ToString());
        byte[] file = new byte[8 + header.Length + (long)at];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        int next = 8 + header.Length;
        foreach (DocumentTensor tensor in Tensors)
        {
            tensor.Data.CopyTo(file, next);
            next += tensor.Data.Length;
        }
        return file;
    }

    private static int Aligned(int length, int alignment = Alignment) => (length + alignment - 1) / alignment * alignment;

    private static void Pad(BinaryWriter writer, int alignment)
    {
        while (writer.BaseStream.Position % alignment != 0)
            writer.Write((byte)0);
    }
}
