using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SdCpp.Interop;

/// <summary>How the numbers of a tensor are stored; the values are those of <c>ggml_type</c>.</summary>
internal enum GgufType
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q8_0 = 8,
}

/// <summary>Turns numbers into the byte layouts of ggml, as its reference quantisers do (<c>ggml-quants.c</c>).</summary>
internal static class GgufQuantizer
{
    /// <summary>Numbers that share one scale in the block types.</summary>
    internal const int BlockSize = 32;

    // A block is the scale as a half, then 32 signed bytes or 16 bytes of two nibbles.
    private const int Q8BlockBytes = 2 + BlockSize;
    private const int Q4BlockBytes = 2 + (BlockSize / 2);

    /// <summary>The bytes that <paramref name="count"/> numbers need.</summary>
    internal static long Size(GgufType type, long count) => type switch
    {
        GgufType.F32 => count * 4,
        GgufType.F16 => count * 2,
        GgufType.Q4_0 => Blocks(count) * Q4BlockBytes,
        GgufType.Q8_0 => Blocks(count) * Q8BlockBytes,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Writes all of <paramref name="source"/>; <paramref name="target"/> has <see cref="Size"/> bytes.</summary>
    internal static void Encode(GgufType type, ReadOnlySpan<float> source, Span<byte> target)
    {
        switch (type)
        {
            case GgufType.F32: EncodeF32(source, target); break;
            case GgufType.F16: EncodeF16(source, target); break;
            case GgufType.Q4_0: EncodeQ4(source, target); break;
            case GgufType.Q8_0: EncodeQ8(source, target); break;
            default: throw new ArgumentOutOfRangeException(nameof(type));
        }
    }

    private static long Blocks(long count) =>
        count % BlockSize == 0
        ? count / BlockSize
        : throw new ArgumentException($"{count} numbers do not fill blocks of {BlockSize}.", nameof(count));

    private static void EncodeF32(ReadOnlySpan<float> source, Span<byte> target)
    {
        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(source).CopyTo(target);
            return;
        }
        for (var i = 0; i < source.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(target[(i * 4)..], source[i]);
    }

    private static void EncodeF16(ReadOnlySpan<float> source, Span<byte> target)
    {
        for (var i = 0; i < source.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(target[(i * 2)..], (Half)source[i]);
    }

    private static void EncodeQ8(ReadOnlySpan<float> source, Span<byte> target)
    {
        for (; !source.IsEmpty; source = source[BlockSize..], target = target[Q8BlockBytes..])
        {
            var largest = 0f;
            foreach (var value in source[..BlockSize]) largest = Math.Max(largest, Math.Abs(value));
            var scale = largest / 127;
            var inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(target, (Half)scale);
            for (var i = 0; i < BlockSize; i++)
                target[2 + i] = (byte)(sbyte)MathF.Round(source[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    private static void EncodeQ4(ReadOnlySpan<float> source, Span<byte> target)
    {
        for (; !source.IsEmpty; source = source[BlockSize..], target = target[Q4BlockBytes..])
        {
            // The number of largest magnitude becomes -8, the end of the nibble's range that has no opposite.
            var extreme = 0f;
            foreach (var value in source[..BlockSize])
                if (Math.Abs(value) > Math.Abs(extreme)) extreme = value;
            var scale = extreme / -8;
            var inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(target, (Half)scale);
            for (var i = 0; i < BlockSize / 2; i++)
                target[2 + i] = (byte)(Nibble(source[i] * inverse) | (Nibble(source[i + (BlockSize / 2)] * inverse) << 4));
        }
    }

    private static int Nibble(float scaled) => Math.Min(15, (int)(scaled + 8.5f));
}
