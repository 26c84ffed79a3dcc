namespace SdCpp.Interop.Tests;

public sealed class ImageToImageTests(Demo demo)
{
    private const int Side = 128;

    // A smooth image: the demo model keeps one value for each 8 x 8 block.
    private static ImageBuffer Gradient(int width = Side, int height = Side)
    {
        ImageBuffer image = ImageBuffer.Create(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                image.Pixels[y, x] = new Rgb24((byte)(255 * x / width), (byte)(255 * y / height), (byte)(255 - 255 * x / width));
        }

        return image;
    }

    private static ImageToImageRequest Request(ImageBuffer image, float strength) => new()
    {
        Prompt = "a red circle on a blue background",
        Image = image,
        Width = image.Width,
        Height = image.Height,
        Strength = strength,
        Steps = 8,
        CfgScale = 1,
        Seed = 5,
    };

    private async Task<double> DifferenceAsync(float strength, ImageBuffer? mask = null)
    {
        using ImageBuffer image = Gradient();
        using GenerationResult result = await demo.Model.ImageToImageAsync(
            Request(image, strength) with { Mask = mask }, null, TestContext.Current.CancellationToken);
        return RgbImage.MeanDifference(image.Span, result.Images[0].Image.Span);
    }

    [Fact]
    public async Task Little_strength_returns_nearly_the_input_and_much_something_else()
    {
        double little = await DifferenceAsync(.05f);
        double much = await DifferenceAsync(.95f);

        Assert.InRange(little, 0, 8);
        Assert.InRange(much, 40, 255);
    }

    [Fact]
    public async Task A_mask_protects_what_it_does_not_cover()
    {
        using ImageBuffer image = Gradient();
        using ImageBuffer mask = ImageBuffer.Create(Side, Side, 1);
        for (int y = 0; y < Side; y++)
            mask.Span.Slice(y * Side, Side).Fill(y < Side / 2 ? (byte)255 : (byte)0);
        using GenerationResult result = await demo.Model.ImageToImageAsync(
            Request(image, 1) with { Mask = mask }, null, TestContext.Current.CancellationToken);

        Span<byte> generated = result.Images[0].Image.Span;
        int half = generated.Length / 2;
        Assert.InRange(RgbImage.MeanDifference(image.Span[..half], generated[..half]), 30, 255);
        Assert.InRange(RgbImage.MeanDifference(image.Span[half..], generated[half..]), 0, 10);
    }

    [Fact]
    public async Task An_input_off_the_engines_grid_stays_in_place()
    {
        using ImageBuffer image = Gradient(101, 67);
        using GenerationResult result = await demo.Model.ImageToImageAsync(Request(image, .05f), null, TestContext.Current.CancellationToken);

        Assert.Equal((101, 67), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.InRange(RgbImage.MeanDifference(image.Span, result.Images[0].Image.Span), 0, 10);
    }
}
