namespace SdCpp.Interop.Tests;

public sealed class PreviewTests(Demo demo)
{
    private static TextToImageRequest Request { get; } = Demo.Request with { Steps = 8 };

    private sealed record Seen(int Step, int Image, int Width, int Height, byte[] Pixels);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static (SdCallbacks Callbacks, List<Seen> Seen) Watch(PreviewMode mode, int interval = 1)
    {
        List<Seen> seen = [];
        return (new SdCallbacks
        {
            PreviewMode = mode,
            PreviewInterval = interval,
            Preview = preview =>
            {
                using ImageBuffer pixels = preview.Image;
                seen.Add(new Seen(preview.Step, preview.ImageIndex, pixels.Width, pixels.Height, pixels.Span.ToArray()));
            },
        }, seen);
    }

    private static double Difference(byte[] one, byte[] other) => one.Zip(other, (a, b) => Math.Abs(a - b)).Average();

    [Theory]
    [InlineData(PreviewMode.Taesd)]
    [InlineData(PreviewMode.Vae)]
    public async Task An_image_is_seen_growing_and_is_not_changed_by_that(PreviewMode mode)
    {
        byte[] alone = await demo.GenerateAsync(Request);
        (SdCallbacks callbacks, List<Seen> seen) = Watch(mode);

        using GenerationResult result = await demo.Model.TextToImageAsync(Request, callbacks, Cancellation);

        Assert.Equal(alone, result.Images[0].Image.Span.ToArray());
        Assert.Equal(Enumerable.Range(1, 8), seen.Select(preview => preview.Step));
        Assert.All(seen, preview => Assert.Equal((0, 64, 64), (preview.Image, preview.Width, preview.Height)));
        Assert.InRange(Difference(seen[^1].Pixels, alone), 0, 1);
    }

    [Fact]
    public async Task A_projection_is_a_small_image_of_every_step()
    {
        (SdCallbacks callbacks, List<Seen> seen) = Watch(PreviewMode.Projection);

        (await demo.Model.TextToImageAsync(Request, callbacks, Cancellation)).Dispose();

        Assert.Equal(8, seen.Count);
        Assert.All(seen, preview => Assert.Equal(8 * 8 * 3, preview.Pixels.Length));
    }

    [Fact]
    public async Task Previews_come_as_often_as_asked_and_for_every_image()
    {
        (SdCallbacks callbacks, List<Seen> seen) = Watch(PreviewMode.Taesd, interval: 4);

        (await demo.Model.TextToImageAsync(Request with { BatchCount = 2 }, callbacks, Cancellation)).Dispose();

        Assert.Equal([(0, 4), (0, 8), (1, 4), (1, 8)], seen.Select(preview => (preview.Image, preview.Step)));
    }

    [Fact]
    public async Task There_are_none_unless_asked_for()
    {
        (SdCallbacks callbacks, List<Seen> seen) = Watch(PreviewMode.None);

        (await demo.Model.TextToImageAsync(Request, callbacks, Cancellation)).Dispose();

        Assert.Empty(seen);
    }

    [Fact]
    public async Task Two_models_see_each_their_own_image()
    {
        await using DiffusionModel other = await DiffusionModel.LoadAsync(demo.Files.ToOptions(1), null, Cancellation);
        byte[] red = await demo.GenerateAsync(Request);
        byte[] green = await demo.GenerateAsync(Request with { Prompt = "a green square on a yellow background" });
        (SdCallbacks first, List<Seen> ofFirst) = Watch(PreviewMode.Taesd);
        (SdCallbacks second, List<Seen> ofSecond) = Watch(PreviewMode.Taesd);

        Task<GenerationResult> a = demo.Model.TextToImageAsync(Request, first, Cancellation);
        Task<GenerationResult> b = other.TextToImageAsync(Request with { Prompt = "a green square on a yellow background" }, second, Cancellation);
        (await a).Dispose();
        (await b).Dispose();

        Assert.Equal((8, 8), (ofFirst.Count, ofSecond.Count));
        Assert.All(ofFirst, preview => Assert.True(Difference(preview.Pixels, red) < Difference(preview.Pixels, green)));
        Assert.All(ofSecond, preview => Assert.True(Difference(preview.Pixels, green) < Difference(preview.Pixels, red)));
    }

    [Fact]
    public async Task What_a_preview_throws_stops_the_call_and_comes_out_of_it()
    {
        int calls = 0;
        var callbacks = new SdCallbacks
        {
            PreviewMode = PreviewMode.Taesd,
            Preview = preview =>
            {
                preview.Image.Dispose();
                calls++;
                throw new InvalidOperationException("seen enough");
            },
        };

        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => demo.Model.TextToImageAsync(Request with { Steps = 100 }, callbacks, Cancellation));

        Assert.Equal(("seen enough", 1), (thrown.Message, calls));
        await demo.GenerateAsync(Request);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task A_senseless_interval_is_refused(int interval)
    {
        (SdCallbacks callbacks, _) = Watch(PreviewMode.Taesd, interval);

        var refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(Request, callbacks, Cancellation));

        Assert.Equal(SdError.InvalidArgument, refused.Code);
        Assert.Contains("1 to 1000", refused.Message, StringComparison.Ordinal);
    }
}
