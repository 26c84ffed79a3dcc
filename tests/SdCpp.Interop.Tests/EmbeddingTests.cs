namespace SdCpp.Interop.Tests;

/// <summary>Textual inversions, with a model that knows no other words.</summary>
public sealed class EmbeddingTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_textual_inversion_changes_the_image_by_its_vectors_and_always_alike()
    {
        DiffusionModelOptions hollow = HollowSd1.Write(demo.NewPath(".sd1"), demo.Files.Taesd);
        var words = new Dictionary<string, string> { ["zwonk"] = HollowSd1.WriteEmbedding(demo.NewPath(".safetensors"), seed: 7), ["blimf"] = HollowSd1.WriteEmbedding(demo.NewPath(".safetensors"), seed: 8) };
        await using DiffusionModel model = await DiffusionModel.LoadAsync(hollow with { Embeddings = words }, null, Cancellation);
        string without = await GenerateAsync("a"), zwonk = await GenerateAsync("a zwonk"), blimf = await GenerateAsync("a blimf");
        Assert.Equal(3, new[] { without, zwonk, blimf }.Distinct().Count());
        // Whatever was asked for before.
        Assert.Equal((zwonk, blimf, without), (await GenerateAsync("a zwonk"), await GenerateAsync("a blimf"), await GenerateAsync("a cat")));

        async Task<string> GenerateAsync(string prompt)
        {
            using GenerationResult result = await model.TextToImageAsync(Demo.Request with { Prompt = prompt, Steps = 1 }, null, Cancellation);
            return Convert.ToHexString(result.Images[0].Image.Span);
        }
    }

    // The engine takes its bytes for numbers of 32 bits, and reads as many behind them.
    [Fact]
    public async Task A_textual_inversion_of_half_precision_is_refused_by_name()
    {
        string half = HollowSd1.WriteEmbedding(demo.NewPath(".safetensors"), seed: 7, isHalf: true);
        SdException refused = await Assert.ThrowsAsync<SdException>(() => DiffusionModel.LoadAsync(
            demo.Files.ToOptions(1) with { Embeddings = new Dictionary<string, string> { ["zwonk"] = half } }, null, Cancellation));
        Assert.Equal((SdError.ModelFileInvalid, half), (refused.Code, refused.File));
        Assert.Contains("is a textual inversion of type f16; the engine reads f32 alone", refused.Message, StringComparison.Ordinal);
    }
}
