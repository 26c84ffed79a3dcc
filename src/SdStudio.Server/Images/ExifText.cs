using System.Buffers.Binary;
using System.Text;
using NetVips;

namespace SdStudio.Server.Images;

/// <summary>Texts of JPEG and WebP files: the user comment of their EXIF, as Automatic1111 and others write it, and their XMP packet.</summary>
internal static class ExifText
{
    private const string Field = "exif-data";
    private const string XmpField = "xmp-data";
    private const string Keyword = "parameters";
    private const int MaxTextBytes = 1024 * 1024;
    private const int CodeBytes = 8;
    private const ushort ExifPointer = 0x8769;
    private const ushort UserComment = 0x9286;
    private const int EntryBytes = 12;

    // A count, an entry, and where the next list is.
    private const int ListBytes = 2 + EntryBytes + 4;
    private const int SecondList = 8 + ListBytes;

    // Description, make and model: ComfyUI puts its graphs there, each behind its name.
    private static readonly ushort[] NamedTags = [0x010E, 0x010F, 0x0110];
    private static readonly string[] Names = ["prompt", "workflow"];

    /// <summary>EXIF that has a text as its user comment, in the way of Automatic1111: UTF-16 with the highest byte first.</summary>
    public static byte[] Of(string text)
    {
        byte[] comment = [.. "UNICODE\0"u8, .. Encoding.BigEndianUnicode.GetBytes(text)];
        using var exif = new MemoryStream();
        exif.Write("Exif\0\0MM\0*\0\0\0\b"u8);
        // Two lists of one entry each: where the second is, and the comment behind it.
        exif.Write(List(ExifPointer, type: 4, count: 1, value: SecondList));
        exif.Write(List(UserComment, type: 7, comment.Length, SecondList + ListBytes));
        exif.Write(comment);
        return exif.ToArray();
    }

    /// <param name="header">The image, opened.</param>
    /// <param name="file">Its file.</param>
    public static IReadOnlyDictionary<string, string> Read(Image header, ReadOnlySpan<byte> file)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (header.Contains(Field) && header.Get(Field) is byte[] exif && CommentOf(exif) is { Length: > 0 } text)
            texts[Keyword] = text;
        if (header.Contains(Field) && header.Get(Field) is byte[] named)
            ReadNamed(named, texts);
        if (header.Contains(XmpField) && header.Get(XmpField) is byte[] { Length: <= MaxTextBytes } xmp)
            texts[XmpText.Keyword] = Encoding.UTF8.GetString(xmp);
        else if (PacketOfWebp(file) is { Length: > 0 and <= MaxTextBytes } packet)
            texts[XmpText.Keyword] = Encoding.UTF8.GetString(packet);
        return texts;
    }

    // TIFF inside EXIF: a header, a list of entries, one of which leads to the list that has the comment.
    private static string? CommentOf(ReadOnlySpan<byte> exif)
    {
        if (exif.StartsWith("Exif\0\0"u8))
            exif = exif[6..];
        if (exif.Length < 8)
            return null;
        bool little = exif[0] == (byte)'I';
        return ValueOf(exif, Number(exif, 4, 4, little), ExifPointer, little) is { } pointer
            && ValueOf(exif, Number(exif, pointer + 8, 4, little), UserComment, little) is { } entry
            ? Decoded(exif, Number(exif, entry + 8, 4, little), Number(exif, entry + 4, 4, little), little)
            : null;
    }

    // ImageMagick 6 writes the chunk under a name of its own and does not announce it, so that libvips does not see it.
    private static ReadOnlySpan<byte> PacketOfWebp(ReadOnlySpan<byte> file)
    {
        if (file.Length < 12 || !file.StartsWith("RIFF"u8) || !file[8..].StartsWith("WEBP"u8))
            return [];
        long at = 12;
        while (at + 8 <= file.Length)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(file[((int)at + 4)..]);
            if (file[(int)at..].StartsWith("XMP"u8))
                return at + 8 + length <= file.Length ? file.Slice((int)at + 8, (int)length) : [];
            at += 8 + length + (length & 1);
        }

        return [];
    }

    private static void ReadNamed(ReadOnlySpan<byte> exif, Dictionary<string, string> texts)
    {
        if (exif.StartsWith("Exif\0\0"u8))
            exif = exif[6..];
        if (exif.Length < 8)
            return;
        bool little = exif[0] == (byte)'I';
        foreach (ushort tag in NamedTags)
        {
            if (ValueOf(exif, Number(exif, 4, 4, little), tag, little) is not { } entry)
                continue;
            long length = Number(exif, entry + 4, 4, little), at = Number(exif, entry + 8, 4, little);
            if (length is < 10 or > MaxTextBytes || at + length > exif.Length)
                continue;
            string text = Encoding.UTF8.GetString(exif.Slice((int)at, (int)length)).TrimEnd('\0');
            if (Array.Find(Names, name => text.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) is { } found)
                texts.TryAdd(found, text[(found.Length + 1)..].Trim());
        }
    }

    private static byte[] List(ushort tag, ushort type, int count, int value)
    {
        var list = new byte[ListBytes];
        BinaryPrimitives.WriteUInt16BigEndian(list, 1);
        BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(2), tag);
        BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(4), type);
        BinaryPrimitives.WriteInt32BigEndian(list.AsSpan(6), count);
        BinaryPrimitives.WriteInt32BigEndian(list.AsSpan(10), value);
        return list;
    }

    /// <summary>Where the entry with a tag is; null when the list has none.</summary>
    private static long? ValueOf(ReadOnlySpan<byte> exif, long list, ushort tag, bool little)
    {
        long count = Number(exif, list, 2, little);
        for (long index = 0; index < count; index++)
        {
            long entry = list + 2 + (index * EntryBytes);
            if (Number(exif, entry, 2, little) == tag)
                return entry;
        }

        return null;
    }

    private static string? Decoded(ReadOnlySpan<byte> exif, long at, long length, bool little)
    {
        if (length is <= CodeBytes or > MaxTextBytes || at < 0 || at + length > exif.Length)
            return null;
        ReadOnlySpan<byte> comment = exif.Slice((int)at, (int)length);
        ReadOnlySpan<byte> text = comment[CodeBytes..];
        if (comment.StartsWith("UNICODE"u8))
        {
            // Writers do not agree on whether the bytes are in the order of the file: the side with the zeros tells.
            int zerosFirst = 0;
            for (int index = 0; index + 1 < text.Length; index += 2)
                zerosFirst += text[index] == 0 ? 1 : text[index + 1] == 0 ? -1 : 0;
            bool big = zerosFirst > 0 || (zerosFirst == 0 && !little);
            return (big ? Encoding.BigEndianUnicode : Encoding.Unicode).GetString(text).TrimEnd('\0');
        }

        return Encoding.UTF8.GetString(text).TrimEnd('\0');
    }

    private static long Number(ReadOnlySpan<byte> exif, long at, int bytes, bool little)
    {
        if (at < 0 || at + bytes > exif.Length)
            return 0;
        long value = 0;
        for (int index = 0; index < bytes; index++)
            value = (value << 8) | exif[(int)at + (little ? bytes - 1 - index : index)];
        return value;
    }
}
