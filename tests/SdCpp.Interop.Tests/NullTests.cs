namespace SdCpp.Interop.Tests;

/// <summary>A null where none can be is an <see cref="ArgumentException"/> that names the property, also when it came from JSON.</summary>
public sealed class NullTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly Dictionary<string, Func<ImageBuffer, ImageRequest>> Requests = new()
    {
        ["Prompt"] = _ => Demo.Request with { Prompt = null! },
        ["NegativePrompt"] = _ => Demo.Request with { NegativePrompt = null! },
        ["Loras"] = _ => Demo.Request with { Loras = null! },
        ["Loras[0]"] = _ => Demo.Request with { Loras = [null!] },
        ["Loras[1].Path"] = _ => Demo.Request with { Loras = [new LoraReference("a"), new LoraReference(null!)] },
        ["ReferenceImages"] = _ => Demo.Request with { ReferenceImages = null! },
        ["ReferenceImages[1]"] = image => Demo.Request with { ReferenceImages = [image, null!] },
        ["Control.Image"] = _ => Demo.Request with { Control = new ControlImage(null!) },
        ["IpAdapter.Image"] = _ => Demo.Request with { IpAdapter = new IpAdapterImage(null!) },
        ["PhotoMaker.Images"] = _ => Demo.Request with { PhotoMaker = new PhotoMakerIdentity(null!) },
        ["PhotoMaker.Images[0]"] = _ => Demo.Request with { PhotoMaker = new PhotoMakerIdentity([null!]) },
        ["Pulid.EmbeddingPath"] = _ => Demo.Request with { Pulid = new PulidIdentity(null!) },
        ["SkipLayers.Layers"] = _ => Demo.Request with { SkipLayers = new SkipLayerGuidance(null!) },
        ["Cache.Mode"] = _ => Demo.Request with { Cache = new StepCache(null!) },
        ["Hires.Upscaler"] = _ => Demo.Request with { Hires = new HiresFix { Upscaler = null! } },
        ["EngineOptions[\"eta\"]"] = _ => Demo.Request with { EngineOptions = new Dictionary<string, string> { ["eta"] = null! } },
        ["Image"] = _ => new ImageToImageRequest { Image = null! },
    };

    public static TheoryData<string> Names { get; } = [.. Requests.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_null_in_a_request_is_named(string name)
    {
        using ImageBuffer image = ImageBuffer.Create(8, 8);
        ImageRequest request = Requests[name](image);
        ArgumentException refused = await Assert.ThrowsAnyAsync<ArgumentException>(() => request is ImageToImageRequest from
            ? demo.Model.ImageToImageAsync(from, null, Cancellation)
            : demo.Model.TextToImageAsync((TextToImageRequest)request, null, Cancellation));
        Assert.StartsWith(name + " is null;", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_null_in_a_models_options_is_named()
    {
        var nothing = new Dictionary<string, string> { ["word"] = null! };
        await NamedAsync("Embeddings", demo.Files.ToOptions(1) with { Embeddings = nothing });
        await NamedAsync("EngineOptions", demo.Files.ToOptions(1) with { EngineOptions = nothing });
        await Assert.ThrowsAsync<ArgumentNullException>("ModelPath", () => Upscaler.LoadAsync(new UpscalerOptions(null!), null, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>("MaxWaitingCalls", () => DiffusionModel.LoadAsync(demo.Files.ToOptions(1) with { MaxWaitingCalls = -1 }, null, Cancellation));

        static async Task NamedAsync(string name, DiffusionModelOptions options) =>
            Assert.Equal(name, (await Assert.ThrowsAsync<ArgumentException>(() => DiffusionModel.LoadAsync(options, null, Cancellation))).ParamName);
    }
}
