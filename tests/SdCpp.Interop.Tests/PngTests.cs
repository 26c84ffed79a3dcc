using NetVips;

namespace SdCpp.Interop.Tests;

public sealed class PngTests(Demo demo)
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 9, 3)]
    [InlineData(16384, 3, 3)]
    [InlineData(300, 200, 1)]
    [InlineData(512, 512, 3)]
    public void Images_of_every_kind_of_row_read_back_as_they_were(int width, int height, int channels)
    {
        string path = demo.NewPath(".png");
        byte[] pixels = Mixed(width, height, channels);
        using (ImageBuffer image = ImageBuffer.FromPixels(pixels, width, height, channels))
            image.Save(path);

        using Image saved = Image.NewFromFile(path, failOn: Enums.FailOn.Warning);
        Assert.Equal((width, height, channels), (saved.Width, saved.Height, saved.Bands));
        Assert.Equal(pixels, saved.WriteToMemory<byte>());
    }

    [Fact]
    public void A_slope_is_saved_as_its_differences()
    {
        // Red grows to the right, green downwards, blue with both: no two pixels are equal, and all differences are.
        string path = demo.NewPath(".png");
        byte[] pixels = [.. Enumerable.Range(0, 256 * 256).SelectMany(i => new[] { (byte)i, (byte)(i >> 8), (byte)(i + (i >> 8)) })];
        using (ImageBuffer image = ImageBuffer.FromPixels(pixels, 256, 256))
            image.Save(path);

        Assert.InRange(new FileInfo(path).Length, 1, pixels.Length / 50);
    }

    // By turns rows of noise, one colour, a slope, and the row above with noise in it: each filter is the best for some.
    private static byte[] Mixed(int width, int height, int channels)
    {
        var random = new Random(width + height);
        byte[] pixels = new byte[width * height * channels];
        int rowBytes = width * channels;
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = pixels.AsSpan(y * rowBytes, rowBytes);
            random.NextBytes(row);
            for (int x = 0; x < rowBytes; x++)
            {
                row[x] = (y % 4) switch
                {
                    0 => row[x],
                    1 => 200,
                    2 => (byte)(x * 3),
                    _ => (byte)(pixels[((y - 1) * rowBytes) + x] + (row[x] % 3)),
                };
            }
        }

        return pixels;
    }
}
