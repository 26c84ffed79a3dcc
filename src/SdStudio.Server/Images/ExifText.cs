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

    public static IReadOnlyDictionary<string, string> Read(Image header)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (header.Contains(Field) && header.Get(Field) is byte[] exif && CommentOf(exif) is { Length: > 0 } text)
            texts[Keyword] = text;
        if (header.Contains(XmpField) && header.Get(XmpField) is byte[] { Length: <= MaxTextBytes } xmp)
            texts[XmpText.Keyword] = Encoding.UTF8.GetString(xmp);
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
