namespace SdCpp.Interop.Tests;

/// <summary>What FLUX has and the demo model has not, with a tiny model of that family.</summary>
public sealed class ReferenceImageTests(Demo demo)
{
    private static readonly TextToImageRequest Request = Demo.Request with { Steps = 2 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reference_images_and_distilled_guidance_each_change_the_image()
    {
        DiffusionModelOptions options = TinyFlux.Write(demo.NewPath(".flux"), demo.Files.Taesd);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options, null, Cancellation);
        Assert.Equal("Flux", model.Family);
        Assert.True(model.TakesReferenceImages);
        Assert.False(demo.Model.TakesReferenceImages);
        using ImageBuffer first = Filled(64, 48, 40), second = Filled(30, 64, 200);

        byte[] plain = await GenerateAsync(model, Request);
        byte[] one = await GenerateAsync(model, Request with { ReferenceImages = [first] });
        byte[] other = await GenerateAsync(model, Request with { ReferenceImages = [second] });
        byte[] both = await GenerateAsync(model, Request with { ReferenceImages = [first, second] });
        byte[] guided = await GenerateAsync(model, Request with { Guidance = 30 });
        // The engine's own limit: one row more, and a side becomes nothing.
        using ImageBuffer narrow = Filled(1, 64, 40), tooNarrow = Filled(1, 65, 40);
        await GenerateAsync(model, Request with { ReferenceImages = [narrow] });
        SdException refused = await Assert.ThrowsAsync<SdException>(() => GenerateAsync(model, Request with { ReferenceImages = [tooNarrow] }));
        Assert.Equal("ReferenceImages is 1x65, too narrow for a result of 64x64", refused.Message);
        byte[] again = await GenerateAsync(model, Request);

        Assert.Equal(plain, again);
        byte[][] all = [plain, one, other, both, guided];
        Assert.Equal(all.Length, all.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public async Task A_person_changes_the_image_and_a_file_that_is_none_is_refused()
    {
        DiffusionModelOptions options = TinyFlux.Write(demo.NewPath(".flux"), demo.Files.Taesd);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(
            options with { PulidPath = TinyFlux.WritePulid(demo.NewPath(".safetensors")) }, null, Cancellation);
        byte[] plain = await GenerateAsync(model, Request);
        byte[] one = await GenerateAsync(model, Request with { Pulid = new PulidIdentity(Person(1, [32, 2048])) });
        byte[] other = await GenerateAsync(model, Request with { Pulid = new PulidIdentity(Person(2, [32, 2048])) });
        Assert.Equal(3, new[] { plain, one, other }.Select(Convert.ToHexString).Distinct().Count());

        await RefusedAsync(Person(1, [32, 1024]), "32 × 1024 numbers of type f16; PuLID takes 1 to 1024 × 2048");
        await RefusedAsync(Person(1, [4096]), "has a person's embedding of 4096 numbers");
        await RefusedAsync(Person(1, [1025, 2048]), "1025 × 2048");
        await RefusedAsync(Person(1, [3, 32, 2048]), "3 × 32 × 2048");
        await RefusedAsync(demo.Files.Taesd, "is no embedding of a person");
        await RefusedAsync(options.DiffusionModelPath!, "is no embedding of a person");
        var named = new Dictionary<string, string> { ["pulid_params.id_embedding_path"] = Person(1, [32, 1024]) };
        Assert.Equal(SdError.ModelFileInvalid, (await Assert.ThrowsAsync<SdException>(() => GenerateAsync(model, Request with { Pulid = new PulidIdentity(Person(1, [32, 2048])), EngineOptions = named }))).Code);
        var skipping = Request with { SkipLayers = new SkipLayerGuidance([0]), Pulid = new PulidIdentity(Person(1, [32, 2048])) };
        Assert.Equal(SdError.InvalidArgument, (await Assert.ThrowsAsync<SdException>(() => GenerateAsync(model, skipping))).Code);
        Assert.Equal(plain, await GenerateAsync(model, Request));

        async Task RefusedAsync(string path, string part)
        {
            SdException refused = await Assert.ThrowsAsync<SdException>(() => GenerateAsync(model, Request with { Pulid = new PulidIdentity(path) }));
            Assert.Equal(SdError.ModelFileInvalid, refused.Code);
            Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        }
    }

    // The engine loads it, and reads through a null pointer at the first image.
    [Fact]
    public async Task A_model_without_its_text_encoders_does_not_load()
    {
        DiffusionModelOptions options = TinyFlux.Write(demo.NewPath(".flux"), demo.Files.Taesd);
        SdException refused = await Assert.ThrowsAsync<SdException>(() => DiffusionModel.LoadAsync(options with { ClipLPath = null }, null, Cancellation));
        Assert.Equal(SdError.ModelLoadFailed, refused.Code);
        Assert.Contains("clip_l_path and t5xxl_path", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<byte[]> GenerateAsync(DiffusionModel model, TextToImageRequest request)
    {
        using GenerationResult result = await model.TextToImageAsync(request, null, Cancellation);
        return result.Images[0].Image.Span.ToArray();
    }

    private string Person(int seed, long[] shape) => TinyFlux.WritePerson(demo.NewPath(".gguf"), seed, shape);

    private static ImageBuffer Filled(int width, int height, byte value)
    {
        ImageBuffer image = ImageBuffer.Create(width, height);
        for (int i = 0; i < image.Length; i++)
            image.Span[i] = (byte)(value + (i * 7 % 50));
        return image;
    }
}
