using System.Buffers.Binary;
using System.Text;

namespace SdStudio.Server.Images.Videos;

/// <summary>
/// Texts inside MP4 (ISO 14496-12: the comment that players show, and a box with an XMP packet) and WebM (RFC 8794: its tags). Files of
/// strangers are read: whatever they say, one pass, no further than they are long.
/// </summary>
internal static class VideoTexts
{
    private const string Comment = "comment";
    private const string Xmp = "XMP";
    private const int MaxTextBytes = 1024 * 1024;
    private const int MaxDepth = 8;
    private const uint Ebml = 0x1A45DFA3;
    private const uint Segment = 0x18538067;
    private const uint Tags = 0x1254C367;
    private const uint Tag = 0x7373;
    private const uint SimpleTag = 0x67C8;
    private const uint TagName = 0x45A3;
    private const uint TagString = 0x4487;

    // XMP specification, part 3, 1.1.5.
    private static readonly byte[] XmpBox = Convert.FromHexString("BE7ACFCB97A942E89C71999491E3AFAC");

    // Still images of newer kinds are boxes too.
    private static readonly string[] Brands = ["iso", "mp4", "M4V", "avc", "qt ", "dash"];

    public static bool IsMp4(ReadOnlySpan<byte> file) =>
        file.Length > 12 && file[4..].StartsWith("ftyp"u8) && Encoding.Latin1.GetString(file[8..12]) is var brand && Array.Exists(Brands, known => brand.StartsWith(known, StringComparison.Ordinal));

    public static bool IsWebm(ReadOnlySpan<byte> file) => file.Length > 12 && BinaryPrimitives.ReadUInt32BigEndian(file) == Ebml;

    /// <summary>What ffmpeg is told to write.</summary>
    public static IReadOnlyDictionary<string, string> TagsOf(ImageTexts texts, string format)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        if (texts.Infotext is { } infotext)
            tags[Comment] = infotext;
        if (format == VideoFormats.Webm && texts.Packet is { } packet)
            tags[Xmp] = packet;
        return tags;
    }

    /// <summary>A box with the packet, to stand at the end of an MP4.</summary>
    public static byte[] XmpBoxOf(string packet)
    {
        byte[] text = Encoding.UTF8.GetBytes(packet);
        var box = new byte[8 + XmpBox.Length + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        "uuid"u8.CopyTo(box.AsSpan(4));
        XmpBox.CopyTo(box, 8);
        text.CopyTo(box, 8 + XmpBox.Length);
        return box;
    }

    /// <summary>The texts by the keywords that images have for them; none of what is neither MP4 nor WebM.</summary>
    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> file)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (IsMp4(file))
            ReadBoxes(file, texts, depth: 0);
        else if (IsWebm(file))
            ReadElements(file, texts, depth: 0);
        return texts;
    }

    private static void ReadBoxes(ReadOnlySpan<byte> data, Dictionary<string, string> texts, int depth)
    {
        while (data.Length >= 8)
        {
            ulong length = BinaryPrimitives.ReadUInt32BigEndian(data);
            int head = 8;
            if (length == 1 && data.Length >= 16)
                (length, head) = (BinaryPrimitives.ReadUInt64BigEndian(data[8..]), 16);
            // Nothing for a length: the rest of the file.
            int end = length == 0 ? data.Length : (int)Math.Min(length, (ulong)data.Length);
            if (end < head)
                return;
            ReadBox(data[4..8], data[head..end], texts, depth);
            data = data[end..];
        }
    }

    private static void ReadBox(ReadOnlySpan<byte> type, ReadOnlySpan<byte> body, Dictionary<string, string> texts, int depth)
    {
        if (type.SequenceEqual("uuid"u8) && body.StartsWith(XmpBox))
            Put(texts, XmpText.Keyword, body[XmpBox.Length..]);
        else if (type.SequenceEqual("data"u8) && body.Length > 8)
            Put(texts, ImageTexts.Keyword, body[8..]);
        else if (depth < MaxDepth && (type.SequenceEqual("moov"u8) || type.SequenceEqual("udta"u8) || type.SequenceEqual("ilst"u8) || type.SequenceEqual((ReadOnlySpan<byte>)[0xA9, (byte)'c', (byte)'m', (byte)'t'])))
            ReadBoxes(body, texts, depth + 1);
        else if (depth < MaxDepth && type.SequenceEqual("meta"u8) && body.Length > 4)
            ReadBoxes(body[4..], texts, depth + 1);
    }

    private static void ReadElements(ReadOnlySpan<byte> data, Dictionary<string, string> texts, int depth)
    {
        while (Number(ref data, keepsMarker: true) is { } id && Number(ref data, keepsMarker: false) is { } length)
        {
            ReadOnlySpan<byte> body = data[..(int)Math.Min(length, (ulong)data.Length)];
            if (id is Segment or Tags or Tag && depth < MaxDepth)
                ReadElements(body, texts, depth + 1);
            else if (id == SimpleTag)
                ReadTag(body, texts);
            data = data[body.Length..];
        }
    }

    private static void ReadTag(ReadOnlySpan<byte> data, Dictionary<string, string> texts)
    {
        string? name = null;
        while (Number(ref data, keepsMarker: true) is { } id && Number(ref data, keepsMarker: false) is { } length)
        {
            ReadOnlySpan<byte> body = data[..(int)Math.Min(length, (ulong)data.Length)];
            if (id == TagName && body.Length < 100)
                name = Encoding.UTF8.GetString(body);
            else if (id == TagString && name is not null)
                Put(texts, name.Equals(Comment, StringComparison.OrdinalIgnoreCase) ? ImageTexts.Keyword : name.Equals(Xmp, StringComparison.OrdinalIgnoreCase) ? XmpText.Keyword : name, body);
            data = data[body.Length..];
        }
    }

    // As many bytes as the zeros before the first one say; all ones of a length: the rest.
    private static ulong? Number(ref ReadOnlySpan<byte> data, bool keepsMarker)
    {
        if (data.IsEmpty || data[0] == 0)
            return null;
        int bytes = System.Numerics.BitOperations.LeadingZeroCount((uint)data[0]) - 23;
        if (bytes > data.Length)
            return null;
        ulong value = keepsMarker ? data[0] : (ulong)(data[0] & ((1 << (8 - bytes)) - 1));
        foreach (byte next in data[1..bytes])
            value = (value << 8) | next;
        data = data[bytes..];
        return !keepsMarker && value == (1UL << (7 * bytes)) - 1 ? ulong.MaxValue : value;
    }

    private static void Put(Dictionary<string, string> texts, string keyword, ReadOnlySpan<byte> text)
    {
        if (text.Length <= MaxTextBytes)
            texts.TryAdd(keyword, Encoding.UTF8.GetString(text).TrimEnd('\0'));
    }
}
