using System.Buffers.Binary;
using System.Text;

namespace SdStudio.Server.Images.Videos;

/// <summary>The chunks of a WebP file (RFC 9649): its texts are exchanged without touching its frames.</summary>
internal static class WebpChunks
{
    private const int HeaderBytes = 12;
    private const byte HasXmp = 0b0100;
    private const byte HasExif = 0b1000;

    /// <summary>The file without EXIF and with this packet of XMP; null for none.</summary>
    public static byte[] With(ReadOnlySpan<byte> file, string? packet)
    {
        using var result = new MemoryStream(file.Length);
        result.Write(file[..HeaderBytes]);
        ReadOnlySpan<byte> rest = file[HeaderBytes..];
        while (rest.Length >= 8)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            int end = (int)Math.Min((long)rest.Length, 8L + length + (length & 1));
            if (rest.StartsWith("VP8X"u8) && end > 8)
            {
                byte[] flags = rest[..end].ToArray();
                flags[8] = (byte)((flags[8] & ~(HasXmp | HasExif)) | (packet is null ? 0 : HasXmp));
                result.Write(flags);
            }
            else if (!rest.StartsWith("EXIF"u8) && !rest.StartsWith("XMP "u8))
            {
                result.Write(rest[..end]);
            }

            rest = rest[end..];
        }

        if (packet is not null)
            Write(result, Encoding.UTF8.GetBytes(packet));
        byte[] bytes = result.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length - 8);
        return bytes;
    }

    private static void Write(Stream to, byte[] packet)
    {
        Span<byte> head = stackalloc byte[8];
        "XMP "u8.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], packet.Length);
        to.Write(head);
        to.Write(packet);
        if (packet.Length % 2 == 1)
            to.WriteByte(0);
    }
}
