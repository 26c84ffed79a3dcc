using System.IO.Compression;
using NetVips;

namespace SdCpp.Interop.Tests;

/// <summary>Image files in and out: every kind of PNG reads as libvips reads it, and a damaged one is refused.</summary>
public sealed class ImageFileTests(Demo demo)
{
    // Colour, depth in bits, interlaced.
    public static TheoryData<string, int, bool> Kinds
    {
        get
        {
            var kinds = new TheoryData<string, int, bool>();
            foreach (bool interlaced in new[] { false, true })
            {
                foreach (int depth in new[] { 1, 2, 4, 8 })
                {
                    kinds.Add("palette", depth, interlaced);
                    kinds.Add("grey", depth, interlaced);
                }

                foreach (string colour in new[] { "grey", "rgb", "grey alpha", "rgb alpha" })
                    kinds.Add(colour, 16, interlaced);
                foreach (string colour in new[] { "rgb", "grey alpha", "rgb alpha" })
                    kinds.Add(colour, 8, interlaced);
            }

            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_png_of_any_kind_reads_as_libvips_reads_it(string colour, int depth, bool interlaced)
    {
        const int Width = 37, Height = 21;
        int bands = colour switch { "rgb" or "palette" => 3, "grey alpha" => 2, "rgb alpha" => 4, _ => 1 };
        byte[] pixels = [.. Enumerable.Range(0, Width * Height * bands).Select(i => (byte)(i * 7 + i / 40))];
        using Image raw = Image.NewFromMemoryCopy(pixels, Width, Height, bands, Enums.BandFormat.Uchar);
        using Image source = (depth == 16 ? (raw * 257).Cast(Enums.BandFormat.Ushort) : raw).Copy(interpretation: Interpretation(bands, depth));
        byte[] file = colour == "palette" || depth < 8
            ? source.PngsaveBuffer(interlace: interlaced, palette: colour == "palette", bitdepth: depth)
            : source.PngsaveBuffer(interlace: interlaced, bitdepth: depth);

        using ImageBuffer image = ImageBuffer.Load(new MemoryStream(file));
        Assert.Equal((Width, Height, 3), (image.Width, image.Height, image.Channels));
        Assert.InRange(Difference(Expected(file, 3), image.Span), 0, 1);
        using ImageBuffer grey = ImageBuffer.Load(new MemoryStream(file), channels: 1);
        Assert.Equal(1, grey.Channels);
        if (colour.StartsWith("grey", StringComparison.Ordinal))
            Assert.Equal(image.Span[0], grey.Span[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task What_is_saved_is_read_again(int channels)
    {
        using ImageBuffer image = ImageBuffer.Create(67, 41, channels);
        new Random(1).NextBytes(image.Span);
        string path = demo.NewPath(".png");
        image.Save(path);
        using var stream = new MemoryStream();
        await image.SaveAsync(stream, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(File.ReadAllBytes(path), stream.ToArray());
        Assert.Equal(stream.ToArray(), image.ToArray());
        using ImageBuffer read = ImageBuffer.Load(path, channels);
        Assert.Equal(image.Span, read.Span);
    }

    [Fact]
    public void A_file_that_is_no_whole_png_is_refused_by_name()
    {
        using ImageBuffer image = ImageBuffer.Create(64, 64);
        new Random(2).NextBytes(image.Span);
        byte[] whole = image.ToArray();
        string path = demo.NewPath(".png");
        foreach (byte[] damaged in (byte[][])[[], [1, 2, 3], whole[..20], whole[..40], whole[..(whole.Length / 2)], "GIF89a and more"u8.ToArray(), [.. whole[..100], .. new byte[200], .. whole[300..]]])
        {
            File.WriteAllBytes(path, damaged);
            SdException refused = Assert.Throws<SdException>(() => ImageBuffer.Load(path).Dispose());
            Assert.Equal((SdError.ImageFileInvalid, path), (refused.Code, refused.File));
        }

        Assert.Throws<FileNotFoundException>(() => ImageBuffer.Load(demo.NewPath(".png")));
        Assert.Equal(SdError.InvalidArgument, Assert.Throws<SdException>(() => ImageBuffer.Load(path, channels: 2)).Code);
    }

    [Fact]
    public void Nothing_random_does_more_than_be_refused()
    {
        using ImageBuffer image = ImageBuffer.Create(32, 32);
        new Random(3).NextBytes(image.Span);
        byte[] whole = image.ToArray();
        var random = new Random(4);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] changed = [.. whole];
            for (int change = random.Next(1, 6); change > 0; change--)
                changed[random.Next(8, random.Next(9, changed.Length))] = (byte)random.Next(256);
            try
            {
                using ImageBuffer read = ImageBuffer.Load(new MemoryStream(changed));
                Assert.InRange(read.Length, 1, ImageBuffer.MaxPixels * 3L);
            }
            catch (SdException exception)
            {
                Assert.True(exception.Code is SdError.ImageFileInvalid or SdError.InvalidArgument, exception.ToString());
                refused++;
            }
        }

        Assert.InRange(refused, 200, 2000);
    }

    [Fact]
    public void Another_format_is_a_class_of_its_own()
    {
        using ImageBuffer image = ImageBuffer.FromPixels([9], 1, 1, channels: 1);
        SdException refused = Assert.Throws<SdException>(() => image.Save(demo.NewPath(".jpg")));
        Assert.Equal(SdError.NotSupported, refused.Code);
        string path = demo.NewPath(".raw");
        image.Save(path, new Deflated());
        using ImageBuffer read = ImageBuffer.Load(path, 1, new Deflated());
        Assert.Equal(9, read.Span[0]);
    }

    private static Enums.Interpretation Interpretation(int bands, int depth) => bands >= 3
        ? depth == 16 ? Enums.Interpretation.Rgb16 : Enums.Interpretation.Srgb
        : depth == 16 ? Enums.Interpretation.Grey16 : Enums.Interpretation.Bw;

    private static byte[] Expected(byte[] file, int channels)
    {
        using Image read = Image.NewFromBuffer(file);
        using Image flat = read.HasAlpha() ? read.Flatten(background: read.Format == Enums.BandFormat.Ushort ? [65535] : [255]) : read.Copy();
        using Image eight = flat.Format == Enums.BandFormat.Ushort ? (flat / 257).Rint().Cast(Enums.BandFormat.Uchar) : flat.Copy();
        using Image colour = eight.Bands < channels ? eight.Bandjoin(eight, eight) : eight.Copy();
        return colour.WriteToMemory<byte>();
    }

    private static int Difference(byte[] expected, Span<byte> read)
    {
        Assert.Equal(expected.Length, read.Length);
        int largest = 0;
        for (int i = 0; i < expected.Length; i++)
            largest = Math.Max(largest, Math.Abs(expected[i] - read[i]));
        return largest;
    }

    private sealed class Deflated : ImageFormat
    {
        public override string Name => "deflated bytes";

        public override IReadOnlyList<string> Extensions { get; } = [".raw"];

        public override void Save(ImageBuffer image, Stream stream)
        {
            using var deflate = new DeflateStream(stream, CompressionLevel.Fastest, leaveOpen: true);
            deflate.Write(image.Span);
        }

        public override ImageBuffer Load(Stream stream, int channels)
        {
            using var inflate = new DeflateStream(stream, CompressionMode.Decompress, leaveOpen: true);
            return ImageBuffer.FromPixels([(byte)inflate.ReadByte()], 1, 1, channels);
        }
    }
}
