namespace SdCpp.Interop.Tests;

/// <summary>Images one by one, with what happens meanwhile; and the one-line call.</summary>
public sealed class StreamTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_gives_each_image_as_it_is_finished_and_a_batchs_pixels()
    {
        TextToImageRequest request = Demo.Request with { BatchCount = 2, Steps = 2 };
        using GenerationResult batch = await demo.Model.TextToImageAsync(request, null, Cancellation);
        List<GenerationUpdate> updates = [];
        await foreach (GenerationUpdate update in demo.Model.StreamAsync(request, PreviewMode.Projection, Cancellation))
            updates.Add(update);

        ImageUpdate[] images = [.. updates.OfType<ImageUpdate>()];
        Assert.Equal([(0, 7L), (1, 8L)], images.Select(image => (image.Index, image.Image.Seed)));
        for (int i = 0; i < 2; i++)
            Assert.Equal(batch.Images[i].Image.Span, images[i].Image.Image.Span);
        // The first one comes before the second is sampled.
        int first = updates.IndexOf(images[0]);
        Assert.Contains(updates[first..], update => update is ProgressUpdate { Progress: { Phase: GenerationPhase.Sample, ImageIndex: 1 } });
        Assert.DoesNotContain(updates[..first], update => update is ProgressUpdate { Progress: { ImageIndex: 1 } });
        Assert.Contains(updates, update => update is PreviewUpdate { Preview: { ImageIndex: 1, Image.Channels: 3 } });
        Assert.All(updates.OfType<ProgressUpdate>(), update => Assert.Equal(2, update.Progress.ImageCount));
        double[] fractions = [.. updates.OfType<ProgressUpdate>().Select(update => update.Progress.Fraction)];
        Assert.All(fractions, fraction => Assert.InRange(fraction, 0, 1));
        Assert.True(fractions.Max() > 0.9);
    }

    [Fact]
    public async Task Leaving_the_loop_cancels_the_rest()
    {
        await foreach (GenerationUpdate update in demo.Model.StreamAsync(Demo.Request with { Steps = 1000, BatchCount = 64 }, cancellation: Cancellation))
        {
            if (update is ProgressUpdate { Progress: { Phase: GenerationPhase.Sample, Step: > 0 } })
                break;
        }

        Assert.Equal((false, 0), (demo.Model.IsBusy, demo.Model.WaitingCalls));
    }

    [Fact]
    public async Task A_streams_refusal_and_its_cancellation_come_out_of_the_loop()
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => ReadAsync(Demo.Request with { BatchCount = 65 }, Cancellation));
        Assert.Equal("BatchCount", refused.Option);
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReadAsync(Demo.Request, cancel.Token));

        async Task ReadAsync(TextToImageRequest request, CancellationToken cancellation)
        {
            await foreach (GenerationUpdate update in demo.Model.StreamAsync(request, cancellation: cancellation))
                Assert.IsNotType<ImageUpdate>(update);
        }
    }

    [Fact]
    public async Task What_a_request_leaves_out_is_the_models_own()
    {
        Assert.Equal(new ModelDefaults(1024, 1024, 9, 1), demo.Model.Defaults);
        ImageRequest whole = demo.Model.Defaults.Complete(new TextToImageRequest { Prompt = "red", Steps = 3 });
        Assert.Equal((1024, 1024, 3, 1f), (whole.Width, whole.Height, whole.Steps, whole.CfgScale));
        using ImageBuffer input = ImageBuffer.Create(48, 40);
        using GenerationResult result = await demo.Model.ImageToImageAsync(new ImageToImageRequest { Image = input, Prompt = "red", Steps = 1 }, null, Cancellation);
        Assert.Equal((48, 40), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.InRange(result.Images[0].Seed, 0, (1L << 32) - 1);
    }

    [Theory]
    [InlineData(ModelFamily.Sdxl, 1024, 25, 6)]
    [InlineData(ModelFamily.Sd1, 512, 20, 7)]
    [InlineData(ModelFamily.Flux, 1024, 4, 1)]
    [InlineData(ModelFamily.Unknown, 512, 20, 7)]
    public void A_family_has_its_authors_values(ModelFamily family, int side, int steps, float cfgScale) =>
        Assert.Equal(new ModelDefaults(side, side, steps, cfgScale), ModelDefaults.Of(new ModelFileInfo { Path = "a", Format = ModelFormat.Gguf, Family = family }));

    [Fact]
    public async Task One_line_makes_an_image()
    {
        using var cancel = new CancellationTokenSource();
        Task<ImageBuffer> running = demo.Model.GenerateAsync("a red circle on a blue background", cancel.Token);
        Assert.False(running.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAsync<ArgumentNullException>(() => demo.Model.GenerateAsync(null!, Cancellation));
    }
}
