namespace SdCpp.Interop.Tests;

/// <summary>The limits that the binding names, on both sides, and what the engine says of itself.</summary>
public sealed class LimitTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_limits_of_a_request_are_where_they_are_said_to_be()
    {
        await RefusedAsync(Demo.Request with { Steps = ImageRequest.MaxSteps + 1 }, "1 to 1000");
        await RefusedAsync(Demo.Request with { BatchCount = ImageRequest.MaxBatchCount + 1 }, "1 to 64");
        await RefusedAsync(Demo.Request with { Prompt = new string('x', ImageRequest.MaxPromptBytes + 1) }, "8192 bytes at most");
        using ImageBuffer image = ImageBuffer.Create(8, 8);
        await RefusedAsync(Demo.Request with { ReferenceImages = [.. Enumerable.Repeat(image, ImageRequest.MaxImages + 1)] }, "the number of images is 17");
        TextToImageRequest atTheLimits = Demo.Request with
        {
            Width = 8, Height = 8, Steps = ImageRequest.MaxSteps, BatchCount = ImageRequest.MaxBatchCount, Prompt = string.Concat(Enumerable.Repeat("red ", ImageRequest.MaxPromptBytes / 4)),
        };
        using var cancel = new CancellationTokenSource();
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], progress =>
            {
                if (progress is { Phase: GenerationPhase.Sample, Steps: ImageRequest.MaxSteps, ImageCount: ImageRequest.MaxBatchCount })
                    cancel.Cancel();
            }),
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => demo.Model.TextToImageAsync(atTheLimits, callbacks, cancel.Token));
        Assert.True(cancel.IsCancellationRequested, "the engine began to sample");
    }

    [Fact]
    public void The_limits_of_an_image_are_where_they_are_said_to_be()
    {
        Assert.Throws<SdException>(() => ImageBuffer.Create(ImageBuffer.MaxSide + 1, 1));
        Assert.Throws<SdException>(() => ImageBuffer.Create(ImageBuffer.MaxSide, (ImageBuffer.MaxPixels / ImageBuffer.MaxSide) + 1));
        using ImageBuffer line = ImageBuffer.Create(ImageBuffer.MaxSide, 1, channels: 1);
        Assert.Equal((1, ImageBuffer.MaxSide), (line.Channels, line.Length));
        using ImageBuffer pixel = ImageBuffer.FromPixels([1, 2, 3], 1, 1);
        Rgb24 colour = pixel.Pixels[0, 0];
        Assert.Equal((1, 2, 3), (colour.R, colour.G, colour.B));
    }

    [Fact]
    public async Task Steps_say_how_long_they_took()
    {
        List<GenerationProgress> seen = [];
        (await demo.Model.TextToImageAsync(Demo.Request, new SdCallbacks { Progress = new Recorder(seen), Tag = "a tag" }, Cancellation)).Dispose();
        Assert.All(seen.Where(p => p is { Phase: GenerationPhase.Sample, Step: > 0 }), p => Assert.InRange(p.SecondsPerStep, float.Epsilon, 60));
        Assert.All(seen, p => Assert.Equal(1, p.Pass));
    }

    [Fact]
    public void The_prebuilt_engine_says_what_it_is()
    {
        Assert.Equal("prebuilt", demo.Engine.Info.Provider);
        Assert.Equal("", demo.Engine.Info.Commit);
        Assert.NotEmpty(demo.Engine.Info.SystemInfo);
    }

    [Fact]
    public async Task The_prebuilt_engine_cannot_convert_and_says_so()
    {
        Assert.False(demo.Engine.CanConvert);
        string output = demo.NewPath(".gguf");
        SdException refused = await Assert.ThrowsAsync<SdException>(() => ModelConverter.ConvertAsync(demo.Files.DiffusionModel, output, "q8_0", null, Cancellation));
        Assert.Equal(SdError.NotSupported, refused.Code);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public async Task A_lora_can_be_for_the_high_noise_model_and_has_a_limit()
    {
        var lora = new LoraReference(demo.Files.Taesd, Multiplier: 1, HighNoise: true);
        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(Demo.Request with { Loras = [lora] }, null, Cancellation));
        Assert.Contains("is not a LoRA", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_engine_says_outside_of_calls_comes_to_the_sink()
    {
        List<SdLogLine> lines = [];
        SdEngine.SetLogSink(lines.Add);
        try
        {
            DiffusionModel model = await DiffusionModel.LoadAsync(demo.Files.ToOptions(threads: 1), null, Cancellation);
            await model.DisposeAsync();
        }
        finally
        {
            SdEngine.SetLogSink(null);
        }

        Assert.Contains(lines, line => line.Text.Contains("params backend buffer", StringComparison.Ordinal));
    }

    private async Task RefusedAsync(TextToImageRequest request, string part)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(request, null, Cancellation));
        Assert.Equal(SdError.InvalidArgument, refused.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
