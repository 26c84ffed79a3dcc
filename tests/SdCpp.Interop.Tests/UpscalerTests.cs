namespace SdCpp.Interop.Tests;

public sealed class UpscalerTests(Demo demo)
{
    [Theory]
    [InlineData(4, 33, 21)]
    [InlineData(4, 1, 1)]
    [InlineData(4, 70, 65)]
    [InlineData(2, 47, 64)]
    public async Task Upscaling_equals_the_known_function_exactly(int factor, int width, int height)
    {
        string file = factor == 4 ? demo.Files.UpscalerX4 : demo.Files.UpscalerX2;
        await using Upscaler upscaler = await Upscaler.LoadAsync(new UpscalerOptions(file), null, TestContext.Current.CancellationToken);
        using ImageBuffer image = ImageBuffer.Create(width, height);
        new Random(1).NextBytes(image.Span);

        using ImageBuffer large = await upscaler.UpscaleAsync(image, null, TestContext.Current.CancellationToken);

        Assert.Equal(factor, upscaler.Factor);
        Assert.Equal((width * factor, height * factor), (large.Width, large.Height));
        for (int y = 0; y < large.Height; y++)
        {
            for (int x = 0; x < large.Width; x++)
                Assert.Equal(image.Pixels[y / factor, x / factor], large.Pixels[y, x]);
        }
    }

    [Fact]
    public async Task Tiles_change_nothing_and_are_reported()
    {
        List<GenerationProgress> seen = [];
        var options = new UpscalerOptions(demo.Files.UpscalerX2) { TileSize = 32 };
        await using Upscaler upscaler = await Upscaler.LoadAsync(options, null, TestContext.Current.CancellationToken);
        using ImageBuffer image = ImageBuffer.Create(100, 60);
        new Random(2).NextBytes(image.Span);

        using ImageBuffer large = await upscaler.UpscaleAsync(
            image, new SdCallbacks { Progress = new Recorder(seen) }, TestContext.Current.CancellationToken);

        Assert.Equal(image.Pixels[59, 99], large.Pixels[119, 199]);
        Assert.All(seen, progress => Assert.Equal(GenerationPhase.Upscale, progress.Phase));
        Assert.Equal(seen[^1].Steps, seen[^1].Step);
        Assert.True(seen[^1].Steps > 1);
    }

    [Fact]
    public async Task A_grey_image_is_refused()
    {
        await using Upscaler upscaler =
            await Upscaler.LoadAsync(new UpscalerOptions(demo.Files.UpscalerX2), null, TestContext.Current.CancellationToken);
        using ImageBuffer grey = ImageBuffer.Create(8, 8, 1);

        SdException refused = await Assert.ThrowsAsync<SdException>(() => upscaler.UpscaleAsync(grey, null, TestContext.Current.CancellationToken));
        Assert.Equal(SdError.InvalidArgument, refused.Code);
        Assert.Contains("channels", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_upscaler_is_refused_by_name()
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(
            () => Upscaler.LoadAsync(new UpscalerOptions(demo.Files.TextEncoder), null, TestContext.Current.CancellationToken));
        Assert.Equal(SdError.ModelFileInvalid, refused.Code);
        Assert.Contains("demo-text-encoder.gguf", refused.Message, StringComparison.Ordinal);
    }
}
