using System.Buffers.Binary;

namespace SdCpp.Interop;

/// <summary>What the first bytes of a file look like.</summary>
internal enum FileLook
{
    Gguf,
    Safetensors,
    PyTorch,
    BeginningOfModel,
    Json,
    Html,
    Zip,
    Png,
    Jpeg,
    WebP,
    Gzip,
    SevenZip,
    Pdf,
    OldGgml,
    GitLfs,
    Text,
    Nothing,
    Unknown,
}

/// <summary>Tells files apart by their first bytes, for messages that say what somebody gave instead of a model.</summary>
internal static class FileSniffer
{
    public const int BytesNeeded = 512;

    // A pickle of protocol 2 that begins with PyTorch's magic number.
    private static ReadOnlySpan<byte> OldPyTorch => [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    public static FileLook Look(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(GgufReader.Magic))
            return FileLook.Gguf;
        if (IsSafetensors(head))
            return FileLook.Safetensors;
        if (head.StartsWith("PK\u0003\u0004"u8))
            return head.IndexOf("data.pkl"u8) >= 0 ? FileLook.PyTorch : FileLook.Zip;
        if (head.StartsWith(OldPyTorch))
            return FileLook.PyTorch;
        return Binary(head) ?? AsText(head);
    }

    public static string Words(FileLook look) => look switch
    {
        FileLook.Json => "JSON",
        FileLook.Html => "an HTML page: the download gave a web page, perhaps one that asks to log in",
        FileLook.Zip => "a zip archive",
        FileLook.Png => "a PNG image",
        FileLook.Jpeg => "a JPEG image",
        FileLook.WebP => "a WebP image",
        FileLook.Gzip => "a gzip archive",
        FileLook.SevenZip => "a 7z archive",
        FileLook.Pdf => "a PDF document",
        FileLook.OldGgml => "a GGML file from before GGUF, which is too old",
        FileLook.GitLfs => "a Git LFS pointer: the model itself was not downloaded",
        FileLook.Text => "text",
        FileLook.Nothing => "nothing but zeros: a download that was reserved and never filled",
        _ => "binary data of another kind",
    };

    // Eight bytes of length of which the upper four are zero, then the JSON.
    private static bool IsSafetensors(ReadOnlySpan<byte> head) =>
        head.Length > SafetensorsReader.LengthBytes
        && head[SafetensorsReader.LengthBytes] == (byte)'{'
        && BinaryPrimitives.ReadUInt64LittleEndian(head) <= uint.MaxValue;

    private static FileLook? Binary(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith<byte>([0x89, (byte)'P', (byte)'N', (byte)'G']))
            return FileLook.Png;
        if (head.StartsWith<byte>([0xff, 0xd8, 0xff]))
            return FileLook.Jpeg;
        if (head.StartsWith("RIFF"u8) && head.Length >= 12 && head[8..].StartsWith("WEBP"u8))
            return FileLook.WebP;
        if (head.StartsWith<byte>([0x1f, 0x8b]))
            return FileLook.Gzip;
        if (head.StartsWith<byte>([(byte)'7', (byte)'z', 0xbc, 0xaf]))
            return FileLook.SevenZip;
        if (head.StartsWith("%PDF"u8))
            return FileLook.Pdf;
        if (head.StartsWith("lmgg"u8) || head.StartsWith("fmgg"u8) || head.StartsWith("tjgg"u8))
            return FileLook.OldGgml;
        return IsBeginning(head) ? FileLook.BeginningOfModel : null;
    }

    // A download that stopped before the first bytes could tell: part of the magic word, or of the eight bytes of length,
    // whose upper ones are zero.
    private static bool IsBeginning(ReadOnlySpan<byte> head) =>
        GgufReader.Magic.StartsWith(head)
        || head.Length < sizeof(uint)
        || (head.Length <= SafetensorsReader.LengthBytes && head.ContainsAnyExcept((byte)0) && head.Contains((byte)0));

    private static FileLook AsText(ReadOnlySpan<byte> head)
    {
        if (!head.ContainsAnyExcept((byte)0))
            return FileLook.Nothing;
        if (head.ContainsAnyInRange((byte)0, (byte)8))
            return FileLook.Unknown;
        ReadOnlySpan<byte> text = head.StartsWith<byte>([0xef, 0xbb, 0xbf]) ? head[3..] : head;
        text = text.TrimStart(" \t\r\n"u8);
        if (text.StartsWith("{"u8))
            return FileLook.Json;
        if (text.StartsWith("version https://git-lfs"u8))
            return FileLook.GitLfs;
        return text.StartsWith("<"u8) ? FileLook.Html : FileLook.Text;
    }
}
