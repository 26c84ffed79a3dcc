using System.Buffers.Binary;
using System.IO.Compression;

namespace SdCpp.Interop;

/// <summary>Writes 8-bit grey and RGB PNG files: header, filtered and compressed pixels, end.</summary>
internal static class PngWriter
{
    private const int HeaderBytes = 13;
    private const int PieceBytes = 16 << 10;

    // Level 1 of .NET's zlib gives files half as large again, levels above 2 take longer for a few percent: see benchmarks/README.md.
    private static readonly ZLibCompressionOptions Compression =
        new() { CompressionLevel = 2, CompressionStrategy = ZLibCompressionStrategy.Filtered };

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    public static void Write(Stream to, ImageBuffer image)
    {
        to.Write(Signature);

        Span<byte> header = stackalloc byte[HeaderBytes];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], image.Height);
        header[8] = 8; // bits per channel
        header[9] = image.Channels == 3 ? (byte)2 : (byte)0; // RGB or grey
        WriteChunk(to, "IHDR"u8, header);
        WritePixels(to, image);
        WriteChunk(to, "IEND"u8, []);
    }

    private static void WritePixels(Stream to, ImageBuffer image)
    {
        var filter = new PngFilter(image.Width, image.Channels);
        // Handed on in pieces: the whole would lie on the large object heap.
        using var piece = new MemoryStream(2 * PieceBytes);
        using (var deflate = new ZLibStream(piece, Compression, leaveOpen: true))
        {
            int rowBytes = image.Width * image.Channels;
            for (int y = 0; y < image.Height; y++)
            {
                deflate.Write(filter.Next(image.Raw.Slice(y * rowBytes, rowBytes)));
                if (piece.Length >= PieceBytes)
                    Flush();
            }
        }

        Flush();
        GC.KeepAlive(image);

        void Flush()
        {
            WriteChunk(to, "IDAT"u8, piece.GetBuffer().AsSpan(0, (int)piece.Length));
            piece.SetLength(0);
        }
    }

    private static void WriteChunk(Stream to, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        to.Write(number);
        to.Write(type);
        to.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), content));
        to.Write(number);
    }

    // The CRC-32 of PNG and zlib, reflected.
    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
            crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
        return crc;
    }

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(TableEntry)];

    private static uint TableEntry(int index)
    {
        uint entry = (uint)index;
        for (int bit = 0; bit < 8; bit++)
            entry = (entry & 1) != 0 ? 0xEDB88320 ^ (entry >> 1) : entry >> 1;
        return entry;
    }
}
