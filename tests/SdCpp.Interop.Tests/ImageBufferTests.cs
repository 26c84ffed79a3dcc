using NetVips;
using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

public sealed class ImageBufferTests
{
    [Fact]
    public void Pixels_are_rows_of_red_green_blue()
    {
        using ImageBuffer image = ImageBuffer.FromPixels([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 2, 2);

        Assert.Equal(new Rgb24(7, 8, 9), image.Pixels[1, 0]);
        Assert.Equal(12, image.Length);
    }

    [Theory]
    [InlineData(0, 1, 3)]
    [InlineData(1, -1, 3)]
    [InlineData(16385, 1, 3)]
    [InlineData(16384, 16384, 3)]
    [InlineData(int.MaxValue, int.MaxValue, 3)]
    [InlineData(8, 8, 0)]
    [InlineData(8, 8, 2)]
    [InlineData(8, 8, 4)]
    public void Impossible_sizes_are_refused(int width, int height, int channels) =>
        Assert.Equal(SdError.InvalidArgument, Assert.Throws<SdException>(() => ImageBuffer.Create(width, height, channels)).Code);

    [Fact]
    public void Pixels_of_another_length_are_refused() =>
        Assert.Contains("12 bytes", Assert.Throws<SdException>(() => ImageBuffer.FromPixels(new byte[11], 2, 2)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_disposed_buffer_gives_no_memory()
    {
        ImageBuffer image = ImageBuffer.Create(4, 4);
        image.Dispose();
        image.Dispose();

        Assert.Throws<ObjectDisposedException>(() => image.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => image.Address);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_saved_png_reads_back_as_the_same_pixels(int channels)
    {
        string path = Path.ChangeExtension(Path.GetTempFileName(), ".png");
        try
        {
            byte[] pixels = [.. Enumerable.Range(0, 37 * 5 * channels).Select(i => (byte)(i * 7))];
            using (ImageBuffer image = ImageBuffer.FromPixels(pixels, 37, 5, channels))
                image.Save(path);

            using Image saved = Image.NewFromFile(path, access: Enums.Access.Sequential, failOn: Enums.FailOn.Warning);
            Assert.Equal((37, 5, channels), (saved.Width, saved.Height, saved.Bands));
            Assert.Equal(pixels, saved.WriteToMemory<byte>());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_disposed_buffer_saves_nothing_and_leaves_the_file_that_is_there()
    {
        string path = Path.ChangeExtension(Path.GetTempFileName(), ".png");
        try
        {
            File.WriteAllText(path, "mine");
            ImageBuffer image = ImageBuffer.Create(4, 4);
            image.Dispose();

            Assert.Throws<ObjectDisposedException>(() => image.Save(path));
            Assert.Equal("mine", File.ReadAllText(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Memory_is_used_again()
    {
        ImageBuffer first = ImageBuffer.Create(311, 313);
        nint address = first.Address;
        first.Dispose();
        using ImageBuffer second = ImageBuffer.Create(313, 311);

        Assert.Equal(address, second.Address);
        Assert.Equal(0, second.Address % 64);
    }

    [Fact]
    public void The_pool_keeps_no_more_than_its_limit()
    {
        // Twice the limit in blocks of 64 MB: what comes back beyond it is left to the garbage collector.
        byte[][] blocks = [.. Enumerable.Range(0, 5).Select(_ => PixelPool.Rent(64 << 20))];
        foreach (byte[] block in blocks)
            PixelPool.Return(block);

        Assert.InRange(PixelPool.KeptBytes, 64L << 20, 160L << 20);
        GC.KeepAlive(blocks);
        using ImageBuffer again = ImageBuffer.Create(4096, 4096);
        again.Span[^1] = 1;
    }
}
