namespace SdCpp.Interop.Tests;

/// <summary>What is looked at in videos of every tiny model.</summary>
internal static class VideoChecks
{
    /// <summary>An image of square cells, each of one colour, which a model's encoder keeps.</summary>
    public static ImageBuffer Cells(int side, int width, int height, params Rgb24[] colours)
    {
        ImageBuffer image = ImageBuffer.Create(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                image.Pixels[y, x] = colours[((y / side * ((width + side - 1) / side)) + (x / side)) % colours.Length];
        }

        return image;
    }

    /// <summary>A frame shows an image in red and green; the blue is the frames' own.</summary>
    public static void AssertShows(ImageBuffer expected, ImageBuffer frame, int near)
    {
        for (int y = 0; y < expected.Height; y++)
        {
            for (int x = 0; x < expected.Width; x++)
            {
                Rgb24 was = expected.Pixels[y, x], shown = frame.Pixels[y, x];
                Assert.InRange(shown.R, was.R - near, was.R + near);
                Assert.InRange(shown.G, was.G - near, was.G + near);
            }
        }
    }

    /// <summary>Encoding, steps and decoding were told, in this order.</summary>
    public static void AssertPhases(IReadOnlyList<GenerationProgress> seen, int steps)
    {
        Assert.Equal([GenerationPhase.Encode, GenerationPhase.Sample, GenerationPhase.Decode], seen.Select(p => p.Phase).Distinct());
        Assert.Equal(seen.Select(p => p.Phase).Order(), seen.Select(p => p.Phase));
        Assert.Equal(Enumerable.Range(1, steps), seen.Where(p => p is { Phase: GenerationPhase.Sample, Step: > 0 }).Select(p => p.Step));
    }

    /// <summary>A video that is cancelled as soon as it is in a phase ends there.</summary>
    public static async Task CancelAsync(DiffusionModel model, VideoRequest request, GenerationPhase phase)
    {
        using var cancel = new CancellationTokenSource();
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], progress =>
            {
                if (progress.Phase == phase)
                    cancel.Cancel();
            }),
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.GenerateVideoAsync(request, callbacks, cancel.Token));
        Assert.True(cancel.IsCancellationRequested);
    }

    /// <summary>A request is refused by the name of what is wrong.</summary>
    public static async Task RefusedAsync(DiffusionModel model, VideoRequest request, string option, string part, SdError code = SdError.InvalidArgument)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => model.GenerateVideoAsync(request, null, TestContext.Current.CancellationToken));
        Assert.Equal((code, option), (refused.Code, refused.Option));
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
