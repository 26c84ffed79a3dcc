using System.Buffers.Binary;
using System.Globalization;

namespace SdCpp.Interop;

/// <summary>Types of a GGUF note, with the numbers of the format.</summary>
internal enum GgufValue : uint
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>Numbers of a GGUF note as text.</summary>
internal static class GgufScalar
{
    public static string Text(GgufValue type, ReadOnlySpan<byte> bytes)
    {
        if (type == GgufValue.Bool)
            return bytes[0] == 0 ? "false" : "true";
        IFormattable value = type switch
        {
            // The cast keeps the compiler from making a double of them all.
            GgufValue.UInt8 => (IFormattable)bytes[0],
            GgufValue.Int8 => (sbyte)bytes[0],
            GgufValue.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            GgufValue.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            GgufValue.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            GgufValue.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            GgufValue.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
            GgufValue.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            GgufValue.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            GgufValue.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };
        return value.ToString(null, CultureInfo.InvariantCulture);
    }
}
