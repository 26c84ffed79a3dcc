using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using NetVips;

namespace SdStudio.Server.Tests;

/// <summary>SampleImages as people send them: 64 × 32, the left half red, the right half white.</summary>
internal static class SampleImages
{
    private static readonly int[] Delays = [100, 100];

    public static byte[] Good(string kind)
    {
        using Image white = Image.Black(64, 32).NewFromImage(255, 255, 255).Copy(interpretation: Enums.Interpretation.Srgb);
        using Image image = white.Mutate(image => image.DrawRect([220, 30, 30], 0, 0, 32, 32, fill: true));
        return kind switch
        {
            "png" => image.PngsaveBuffer(),
            "jpeg" => image.JpegsaveBuffer(q: 95),
            "webp" => image.WebpsaveBuffer(lossless: true),
            "gif" => image.GifsaveBuffer(),
            "tiff" => image.TiffsaveBuffer(),
            "palette" => image.PngsaveBuffer(palette: true),
            "grey" => image.Colourspace(Enums.Interpretation.Bw).PngsaveBuffer(),
            "16 bit" => image.Colourspace(Enums.Interpretation.Rgb16).PngsaveBuffer(bitdepth: 16),
            // What is transparent is white, whatever colour it hides.
            "alpha" => Transparent(image).PngsaveBuffer(),
            "cmyk" => image.Colourspace(Enums.Interpretation.Cmyk).JpegsaveBuffer(q: 95),
            "cmyk with a profile" => image.IccTransform("cmyk", inputProfile: "srgb").JpegsaveBuffer(q: 95),
            "cmyk tiff" => image.IccTransform("cmyk", inputProfile: "srgb").TiffsaveBuffer(),
            "display p3" => image.IccTransform("p3", inputProfile: "srgb").PngsaveBuffer(),
            "grey 16 bit" => image.Colourspace(Enums.Interpretation.Grey16).PngsaveBuffer(bitdepth: 16),
            "grey with alpha" => Transparent(image).Colourspace(Enums.Interpretation.Bw).PngsaveBuffer(),
            "16 bit with alpha" => Transparent(image).Colourspace(Enums.Interpretation.Rgb16).PngsaveBuffer(bitdepth: 16),
            "palette with alpha" => Transparent(image).PngsaveBuffer(palette: true),
            "gif with alpha" => Transparent(image).GifsaveBuffer(),
            "webp with alpha" => Transparent(image).WebpsaveBuffer(lossless: true),
            "float tiff" => image.Colourspace(Enums.Interpretation.Scrgb).TiffsaveBuffer(),
            "lab tiff" => image.Colourspace(Enums.Interpretation.Lab).TiffsaveBuffer(),
            "one bit" => (image.Colourspace(Enums.Interpretation.Bw) > 200).PngsaveBuffer(bitdepth: 1),
            // Lying on its side, with a note to turn it upright.
            "turned" => image.Rot270().Mutate(image => image.Set(GValue.GIntType, "orientation", 6)).JpegsaveBuffer(q: 95),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    public static byte[] Bad(string kind) => kind switch
    {
        "empty" => [],
        "text" => Encoding.UTF8.GetBytes("This is no image."),
        "svg" => Encoding.UTF8.GetBytes("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\"><rect width=\"64\" height=\"64\"/></svg>"),
        "pdf" => Encoding.UTF8.GetBytes("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n"),
        "cut png" => Good("png")[..^60],
        "cut jpeg" => Good("jpeg")[..^200],
        "huge png" => HugePng(),
        "animated gif" => Animated().GifsaveBuffer(),
        "animated webp" => Animated().WebpsaveBuffer(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private static Image Transparent(Image image)
    {
        Image opaque = Image.Black(64, 32) + 255;
        Image alpha = opaque.Cast(Enums.BandFormat.Uchar).Mutate(image => image.DrawRect([0], 32, 0, 32, 32, fill: true));
        return image.Mutate(image => image.DrawRect([10, 10, 10], 32, 0, 32, 32, fill: true)).Bandjoin(alpha);
    }

    private static Image Animated() => Image.Black(16, 32).NewFromImage(9, 99, 200).Copy(interpretation: Enums.Interpretation.Srgb).Mutate(image =>
    {
        // Frames that are the same would be one.
        image.DrawRect([200, 9, 9], 0, 16, 16, 16, fill: true);
        image.Set(GValue.GIntType, "page-height", 16);
        image.Set(GValue.ArrayIntType, "delay", Delays);
    });

    // 30,000 × 30,000 pixels of nothing: 2.7 GB when somebody believes it.
    private static byte[] HugePng()
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, 30_000);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), 30_000);
        (header[8], header[9]) = (8, 2);
        using var packed = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(new byte[90_001]);
        return [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, .. Chunk("IHDR", header), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", [])];
    }

    /// <summary>A chunk of a PNG file, with its checksum.</summary>
    public static byte[] Chunk(string type, byte[] data)
    {
        var chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), Crc32.HashToUInt32(chunk.AsSpan(4, data.Length + 4)));
        return chunk;
    }
}
