using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SdStudio.Server.Images;

/// <summary>The text chunks of a PNG (PNG specification, 11.3.3): tEXt, zTXt and iTXt, wherever they stand.</summary>
internal static class PngText
{
    // A few kilobytes can hold gigabytes; infotext is some kilobytes.
    private const int MaxTextBytes = 1024 * 1024;
    private const int MaxTexts = 64;
    private const int SignatureBytes = 8;

    // The signature and the chunk IHDR.
    private const int HeaderBytes = 33;

    // Length, type and CRC.
    private const int ChunkBytes = 12;

    public static bool IsPng(ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);

    /// <summary>The texts by their keywords; of two with one keyword the first.</summary>
    public static IReadOnlyDictionary<string, string> Read(byte[] png)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string type, Range data) in Chunks(png))
        {
            ReadOnlySpan<byte> chunk = png.AsSpan(data);
            int end = chunk.IndexOf((byte)0);
            if (!IsText(type) || end <= 0 || texts.Count == MaxTexts)
                continue;
            string keyword = Encoding.Latin1.GetString(chunk[..end]);
            if (!texts.ContainsKey(keyword) && TextOf(type, chunk[(end + 1)..]) is { } text)
                texts.Add(keyword, text);
        }

        return texts;
    }

    /// <summary>The file without its texts: the pixels are the same, and nothing unpacks what nobody reads.</summary>
    public static byte[] Without(byte[] bytes)
    {
        if (!IsPng(bytes) || !Chunks(bytes).Any(chunk => IsText(chunk.Type)))
            return bytes;
        using var kept = new MemoryStream(bytes.Length);
        int from = 0;
        foreach ((_, Range data) in Chunks(bytes).Where(chunk => IsText(chunk.Type)))
        {
            int start = data.Start.Value - 8;
            kept.Write(bytes, from, start - from);
            from = data.End.Value + 4;
        }

        kept.Write(bytes, Math.Min(from, bytes.Length), Math.Max(0, bytes.Length - from));
        return kept.ToArray();
    }

    /// <summary>The file with more texts behind its header.</summary>
    public static byte[] With(byte[] png, IEnumerable<PngChunk> chunks) =>
        [.. png[..HeaderBytes], .. chunks.SelectMany(chunk => chunk.Bytes), .. png[HeaderBytes..]];

    private static bool IsText(string type) => type is "tEXt" or "zTXt" or "iTXt";

    /// <summary>All chunks, and where their data is.</summary>
    public static IEnumerable<(string Type, Range Data)> Chunks(byte[] png)
    {
        int at = SignatureBytes;
        while (at + ChunkBytes <= png.Length)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            string type = Encoding.Latin1.GetString(png, at + 4, 4);
            if (length > png.Length - at - ChunkBytes)
                yield break;
            int start = at + 8;
            yield return (type, start..(start + (int)length));
            if (type == "IEND")
                yield break;
            at = start + (int)length + 4;
        }
    }

    private static string? TextOf(string type, ReadOnlySpan<byte> data)
    {
        if (type == "tEXt")
            return Decoded(data[..Math.Min(data.Length, MaxTextBytes)]);
        if (type == "zTXt")
            return data is [0, ..] ? Unpacked(data[1..]) is { } text ? Decoded(text) : null : null;
        // Compressed, method, language, translated keyword.
        if (data.Length < 2)
            return null;
        bool isCompressed = data[0] == 1;
        data = data[2..];
        for (int field = 0; field < 2; field++)
        {
            int end = data.IndexOf((byte)0);
            if (end < 0)
                return null;
            data = data[(end + 1)..];
        }

        return isCompressed
            ? Unpacked(data) is { } unpacked ? Encoding.UTF8.GetString(unpacked) : null
            : Encoding.UTF8.GetString(data[..Math.Min(data.Length, MaxTextBytes)]);
    }

    // Latin-1 by the specification, and UTF-8 by many writers: text that is valid UTF-8 hardly ever is anything else.
    private static string Decoded(ReadOnlySpan<byte> text) =>
        System.Text.Unicode.Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : Encoding.Latin1.GetString(text);

    private static byte[]? Unpacked(ReadOnlySpan<byte> packed)
    {
        try
        {
            using var unzip = new ZLibStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
            var text = new byte[MaxTextBytes];
            int count = unzip.ReadAtLeast(text, MaxTextBytes, throwOnEndOfStream: false);
            return text[..count];
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
