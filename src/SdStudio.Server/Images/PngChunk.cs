using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace SdStudio.Server.Images;

/// <summary>A chunk of a PNG as it is written (PNG specification, 5.3 and 11.3.3).</summary>
/// <param name="Bytes">With its length, type and CRC.</param>
internal readonly record struct PngChunk(byte[] Bytes)
{
    /// <summary>tEXt, or iTXt when the text needs more than Latin-1.</summary>
    public static PngChunk Text(string keyword, string text) =>
        text.All(character => character is '\n' or (>= ' ' and <= '~') or (>= '\u00A1' and <= '\u00FF'))
            ? Of("tEXt"u8, [.. Encoding.Latin1.GetBytes(keyword), 0, .. Encoding.Latin1.GetBytes(text)])
            : International(keyword, text);

    /// <summary>iTXt: not compressed, of no language, without a translated keyword.</summary>
    public static PngChunk International(string keyword, string text) => Of("iTXt"u8, [.. Encoding.Latin1.GetBytes(keyword), 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(text)]);

    /// <summary>zTXt.</summary>
    public static PngChunk Packed(string keyword, string text)
    {
        using var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            zip.Write(Encoding.Latin1.GetBytes(text));
        return Of("zTXt"u8, [.. Encoding.Latin1.GetBytes(keyword), 0, 0, .. packed.ToArray()]);
    }

    /// <summary>A chunk of any type.</summary>
    public static PngChunk Of(ReadOnlySpan<byte> type, byte[] data)
    {
        var chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        type.CopyTo(chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), Crc32.HashToUInt32(chunk.AsSpan(4, data.Length + 4)));
        return new PngChunk(chunk);
    }
}
