using System.IO.Compression;
using System.Text;
using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Images;

namespace SdStudio.Server.Tests;

/// <summary>Reading images that were sent in: their pixels, their texts, and a few at a time.</summary>
public sealed class ImageDecoderTests
{
    [Theory]
    [InlineData(300, 201, 1)]
    [InlineData(64, 64, 1)]
    [InlineData(1, 129, 1)]
    [InlineData(300, 201, 3)]
    [InlineData(300, 201, 6)]
    [InlineData(300, 201, 8)]
    public void The_pixels_are_those_of_the_file_upright(int width, int height, int orientation)
    {
        using Image x = Image.Xyz(width, height);
        using Image pattern = (x * new[] { 0.8, 1.1 }).Bandjoin((x[0] + x[1]) % 256).Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb);
        using Image marked = pattern.Mutate(image => image.Set(GValue.GIntType, "orientation", orientation));
        using Image upright = marked.Autorot();
        byte[] expected = upright.WriteToMemory<byte>();

        using ImageBuffer read = ImageDecoder.Read(marked.TiffsaveBuffer(), "image", 1_000_000);
        Assert.Equal((upright.Width, upright.Height), (read.Width, read.Height));
        Assert.True(read.Span.SequenceEqual(expected));
    }

    [Fact]
    public void A_large_image_is_made_smaller_while_it_is_read_and_keeps_its_shorter_side()
    {
        using Image grey = Image.Black(900, 600) + 77;
        byte[] png = grey.Cast(Enums.BandFormat.Uchar).PngsaveBuffer();
        using ImageBuffer read = ImageDecoder.Read(png, "image", 1_000_000, keepSide: 190);
        Assert.Equal((300, 200), (read.Width, read.Height));
        Assert.Equal(77, read.Span[1234]);
        using ImageBuffer whole = ImageDecoder.Read(png, "image", 1_000_000);
        Assert.Equal((900, 600), (whole.Width, whole.Height));
    }

    [Fact]
    public void A_profile_that_is_none_is_no_reason_to_refuse()
    {
        using Image red = Image.Black(32, 32).NewFromImage(200, 10, 10).Copy(interpretation: Enums.Interpretation.Srgb);
        using Image marked = red.Mutate(image => image.Set(GValue.BlobType, "icc-profile-data", "this is no profile"u8.ToArray()));
        using ImageBuffer read = ImageDecoder.Read(marked.TiffsaveBuffer(), "image", 10_000);
        Assert.Equal([200, 10, 10], read.Span[..3].ToArray());
    }

    [Theory]
    [InlineData("Holes", 0)]
    [InlineData("Strokes", 255)]
    public void Transparency_of_a_mask_means_what_its_client_means(string meaning, byte painted)
    {
        MaskAlpha alpha = Enum.Parse<MaskAlpha>(meaning);
        using Image strokes = Image.Black(32, 32, bands: 4).Copy(interpretation: Enums.Interpretation.Srgb).Mutate(image => image.DrawRect([255, 255, 255, 255], 8, 8, 16, 16, fill: true));
        using ImageBuffer mask = ImageDecoder.ReadMask(strokes.PngsaveBuffer(), "mask", 10_000, alpha);
        Assert.Equal(painted, mask.Span[(16 * 32) + 16]);
        Assert.Equal(255 - painted, mask.Span[0]);
        // Without transparency white is white, whoever sends it.
        using Image opaque = strokes.Flatten();
        using ImageBuffer plain = ImageDecoder.ReadMask(opaque.PngsaveBuffer(), "mask", 10_000, alpha);
        Assert.Equal((255, 0), (plain.Span[(16 * 32) + 16], plain.Span[0]));
    }

    [Theory]
    [MemberData(nameof(InputImageTests.GoodImages), MemberType = typeof(InputImageTests))]
    public void A_mask_means_the_same_in_every_kind_of_file(string kind)
    {
        // The left half is dark, the right half white, or transparent.
        bool isTransparent = kind.Contains("alpha", StringComparison.Ordinal);
        foreach (MaskAlpha alpha in new[] { MaskAlpha.Holes, MaskAlpha.Strokes })
        {
            using ImageBuffer mask = ImageDecoder.ReadMask(SampleImages.Good(kind), "mask", 10_000, alpha);
            (int left, int right) = (mask.Span[(16 * 64) + 16], mask.Span[(16 * 64) + 48]);
            Assert.Equal((64, 32, 1), (mask.Width, mask.Height, mask.Channels));
            Assert.True(isTransparent ? (left, right) == (alpha == MaskAlpha.Holes ? (0, 255) : (255, 0)) : left < 130 && right > 245, $"{alpha}: {left} and {right}");
        }
    }

    [Theory]
    [InlineData("tEXt", false)]
    [InlineData("tEXt", true)]
    [InlineData("zTXt", false)]
    [InlineData("zTXt", true)]
    [InlineData("iTXt", false)]
    [InlineData("iTXt", true)]
    public void Texts_are_found_wherever_they_stand_and_whoever_wrote_them(string type, bool atEnd)
    {
        foreach (string text in new[] { "plain\nSteps: 1", "café", "日本 🎨" })
        {
            foreach (Encoding encoding in type == "iTXt" ? [Encoding.UTF8] : text.All(letter => letter < 256) ? new[] { Encoding.UTF8, Encoding.Latin1 } : [Encoding.UTF8])
                Assert.Equal(text, ImageDecoder.Texts(With(Chunk(type, "parameters", encoding.GetBytes(text)), atEnd), "image")["parameters"]);
        }
    }

    [Theory]
    [InlineData("jpeg", "UNICODE\0", "utf-16")]
    [InlineData("jpeg", "UNICODE\0", "utf-16BE")]
    [InlineData("webp", "UNICODE\0", "utf-16")]
    [InlineData("webp", "ASCII\0\0\0", "utf-8")]
    public void Infotext_of_other_formats_is_their_users_comment(string kind, string code, string encoding)
    {
        const string Text = "a red circle, café\nSteps: 20, Sampler: Euler a";
        byte[] comment = [.. Encoding.ASCII.GetBytes(code), .. Encoding.GetEncoding(encoding).GetBytes(Text)];
        using Image image = Image.Black(16, 16).Copy(interpretation: Enums.Interpretation.Bw).Mutate(image => image.Set(GValue.BlobType, "exif-data", Exif(comment)));
        byte[] file = kind == "jpeg" ? image.JpegsaveBuffer() : image.WebpsaveBuffer();
        // libvips writes the tags that it read itself; whether ours was kept is what the reader says.
        Assert.Equal(Text, ImageDecoder.Texts(file, "image").GetValueOrDefault("parameters"));
    }

    [Fact]
    public void Texts_that_unpack_without_end_take_neither_memory_nor_time()
    {
        byte[] bomb = Chunk("zTXt", "parameters", new byte[50_000_000]);
        byte[] png = With(bomb, atEnd: false);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(1024 * 1024, ImageDecoder.Texts(png, "image")["parameters"].Length);
        using ImageBuffer pixels = ImageDecoder.Read(png, "image", 10_000);
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 16_000_000);
        // Broken ones are as good as none.
        foreach (byte[] broken in new[] { SampleImages.Chunk("zTXt", [1, 0, 0, 9, 9]), SampleImages.Chunk("iTXt", [65, 0, 1]), SampleImages.Chunk("tEXt", []), SampleImages.Chunk("zTXt", [65]) })
            Assert.Empty(ImageDecoder.Texts(With(broken, atEnd: true), "image"));
    }

    [Fact]
    public async Task The_gate_lets_in_two_in_their_order_and_one_that_leaves_early_costs_nobody_a_turn()
    {
        var gate = new DecodeGate();
        byte[] small = SampleImages.Good("png");
        CancellationToken stop = TestContext.Current.CancellationToken;
        IDisposable first = await gate.EnterAsync([small], stop);
        using IDisposable second = await gate.EnterAsync([small], stop);
        using var impatient = new CancellationTokenSource();
        Task<IDisposable> third = gate.EnterAsync([small], impatient.Token);
        Task<IDisposable> fourth = gate.EnterAsync([small], stop);
        Assert.False(third.IsCompleted || fourth.IsCompleted);

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
        Assert.False(fourth.IsCompleted);
        first.Dispose();
        first.Dispose();
        using IDisposable place = await fourth.WaitAsync(TimeSpan.FromSeconds(30), stop);
        Task<IDisposable> fifth = gate.EnterAsync([small], stop);
        Assert.False(fifth.IsCompleted);
        second.Dispose();
        (await fifth.WaitAsync(TimeSpan.FromSeconds(30), stop)).Dispose();
    }

    private static byte[] With(byte[] chunk, bool atEnd)
    {
        byte[] png = SampleImages.Good("png");
        int at = atEnd ? png.Length - 12 : 33;
        return [.. png[..at], .. chunk, .. png[at..]];
    }

    private static byte[] Chunk(string type, string keyword, byte[] text)
    {
        byte[] key = [.. Encoding.Latin1.GetBytes(keyword), 0];
        return type switch
        {
            "tEXt" => SampleImages.Chunk(type, [.. key, .. text]),
            "zTXt" => SampleImages.Chunk(type, [.. key, 0, .. Packed(text)]),
            _ => SampleImages.Chunk(type, [.. key, 1, 0, (byte)'d', (byte)'e', 0, 0, .. Packed(text)]),
        };
    }

    private static byte[] Packed(byte[] text)
    {
        using var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Optimal))
            zip.Write(text);
        return packed.ToArray();
    }

    // One list that leads to another, which has the comment.
    private static byte[] Exif(byte[] comment)
    {
        using var exif = new MemoryStream();
        exif.Write("Exif\0\0II*\0"u8);
        Write(exif, 8, 4);
        Entry(exif, 0x8769, 4, 1, 26);
        Entry(exif, 0x9286, 7, comment.Length, 44);
        exif.Write(comment);
        return exif.ToArray();

        static void Entry(MemoryStream to, int tag, int type, int count, int value)
        {
            Write(to, 1, 2);
            Write(to, tag, 2);
            Write(to, type, 2);
            Write(to, count, 4);
            Write(to, value, 4);
            Write(to, 0, 4);
        }

        static void Write(MemoryStream to, int number, int bytes)
        {
            for (int index = 0; index < bytes; index++)
                to.WriteByte((byte)(number >> (8 * index)));
        }
    }
}
