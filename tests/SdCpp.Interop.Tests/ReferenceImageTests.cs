namespace SdCpp.Interop.Tests;

/// <summary>What FLUX has and the demo model has not, with a tiny model of that family.</summary>
public sealed class ReferenceImageTests(Demo demo)
{
    private static readonly TextToImageRequest Request = Demo.Request with { Steps = 2 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reference_pictures_and_distilled_guidance_each_change_the_picture()
    {
        DiffusionModelOptions options = TinyFlux.Write(demo.NewPath(".flux"), demo.Files.Taesd);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options, null, Cancellation);
        Assert.Equal("Flux", model.Family);
        Assert.True(model.TakesReferenceImages);
        Assert.False(demo.Model.TakesReferenceImages);
        using ImageBuffer first = Filled(64, 48, 40), second = Filled(30, 64, 200);

        byte[] plain = await DrawAsync(Request);
        byte[] one = await DrawAsync(Request with { ReferenceImages = [first] });
        byte[] other = await DrawAsync(Request with { ReferenceImages = [second] });
        byte[] both = await DrawAsync(Request with { ReferenceImages = [first, second] });
        byte[] guided = await DrawAsync(Request with { Guidance = 30 });
        byte[] again = await DrawAsync(Request);

        Assert.Equal(plain, again);
        byte[][] all = [plain, one, other, both, guided];
        Assert.Equal(all.Length, all.Select(Convert.ToHexString).Distinct().Count());

        async Task<byte[]> DrawAsync(TextToImageRequest request)
        {
            using GenerationResult result = await model.TextToImageAsync(request, null, Cancellation);
            return result.Images[0].Pixels.Span.ToArray();
        }
    }

    // The engine loads it, and reads through a null pointer at the first picture.
    [Fact]
    public async Task A_model_without_its_text_encoders_does_not_load()
    {
        DiffusionModelOptions options = TinyFlux.Write(demo.NewPath(".flux"), demo.Files.Taesd);
        SdException refused = await Assert.ThrowsAsync<SdException>(() => DiffusionModel.LoadAsync(options with { ClipLPath = null }, null, Cancellation));
        Assert.Equal(SdError.ModelLoadFailed, refused.Code);
        Assert.Contains("clip_l_path and t5xxl_path", refused.Message, StringComparison.Ordinal);
    }

    private static ImageBuffer Filled(int width, int height, byte value)
    {
        ImageBuffer image = ImageBuffer.Create(width, height);
        for (int i = 0; i < image.Length; i++)
            image.Span[i] = (byte)(value + (i * 7 % 50));
        return image;
    }
}
