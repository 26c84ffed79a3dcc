using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SdCpp.Interop;

/// <summary>Writes a model file in the GGUF format, version 3 (<c>docs/gguf.md</c> of ggml).</summary>
internal static class GgufWriter
{
    internal const uint Magic = 0x46554747;
    internal const uint Version = 3;

    /// <summary>The type number of a string among the metadata.</summary>
    internal const uint StringType = 8;

    /// <summary>Tensor data begins at a multiple of this, and so does each tensor within it.</summary>
    internal const int Alignment = 32;

    /// <summary>Writes the header and all tensors.</summary>
    /// <param name="stream">Where to; written from its current position on, which must be 0 for a valid file.</param>
    /// <param name="metadata">Keys and values, in this order.</param>
    /// <param name="tensors">The tensors, in this order.</param>
    /// <param name="cancellation">Looked at before each tensor.</param>
    internal static void Write(
        Stream stream,
        IReadOnlyList<KeyValuePair<string, string>> metadata,
        IReadOnlyList<NamedTensor> tensors,
        CancellationToken cancellation)
    {
        stream.Write(Header(metadata, tensors));
        foreach (var tensor in tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            WriteData(stream, tensor);
        }
    }

    /// <summary>Rounds up to the next multiple of <see cref="Alignment"/>.</summary>
    internal static long Align(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private static byte[] Header(IReadOnlyList<KeyValuePair<string, string>> metadata, IReadOnlyList<NamedTensor> tensors)
    {
        using var header = new MemoryStream();
        Put(header, Magic);
        Put(header, Version);
        Put(header, (ulong)tensors.Count);
        Put(header, (ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            Put(header, key);
            Put(header, StringType);
            Put(header, value);
        }
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            PutTensor(header, tensor, offset);
            offset += Align(DataSize(tensor));
        }
        header.SetLength(Align(header.Length));
        return header.ToArray();
    }

    private static void PutTensor(MemoryStream header, NamedTensor tensor, long offset)
    {
        var shape = tensor.Tensor.Shape;
        Put(header, tensor.Name);
        Put(header, (uint)shape.Length);
        // GGUF names the fastest dimension first.
        for (var i = shape.Length - 1; i >= 0; i--) Put(header, (ulong)shape[i]);
        Put(header, (uint)tensor.Type);
        Put(header, (ulong)offset);
    }

    private static long DataSize(NamedTensor tensor)
    {
        var isBlockType = tensor.Type is GgufType.Q4_0 or GgufType.Q8_0;
        if (isBlockType && tensor.Tensor.Shape[^1] % GgufQuantizer.BlockSize != 0)
            throw new ArgumentException($"The rows of '{tensor.Name}' do not fill blocks of {GgufQuantizer.BlockSize}.", nameof(tensor));
        return GgufQuantizer.Size(tensor.Type, tensor.Tensor.Data.Length);
    }

    private static void WriteData(Stream stream, NamedTensor tensor)
    {
        const int Chunk = 64 * 1024;
        var buffer = ArrayPool<byte>.Shared.Rent((Chunk * 4) + Alignment);
        var data = tensor.Tensor.Data.AsSpan();
        for (var start = 0; start < data.Length; start += Chunk)
        {
            var part = data.Slice(start, Math.Min(Chunk, data.Length - start));
            var size = (int)GgufQuantizer.Size(tensor.Type, part.Length);
            GgufQuantizer.Encode(tensor.Type, part, buffer.AsSpan(0, size));
            stream.Write(buffer, 0, size);
        }
        var total = DataSize(tensor);
        var padding = (int)(Align(total) - total);
        buffer.AsSpan(0, padding).Clear();
        stream.Write(buffer, 0, padding);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static void Put(MemoryStream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void Put(MemoryStream stream, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void Put(MemoryStream stream, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        Put(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }
}
