using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace SdCpp.Interop.Tests;

/// <summary>Who forgets, disposes early or keeps a span reads no memory of another's, and what is forgotten is freed.</summary>
public sealed class LifetimeTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Sources => ["created", "a result", "a preview"];

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task A_span_outlives_its_forgotten_image(string source)
    {
        Memory<byte> kept = await LendAsync(source);
        kept.Span.Fill(0x11);
        Collect();
        FillOthers(kept.Length);
        Assert.Equal(-1, kept.Span.IndexOfAnyExcept((byte)0x11));
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task A_span_outlives_its_disposed_image(string source)
    {
        Memory<byte> kept = await LendAsync(source, dispose: true);
        kept.Span.Fill(0x11);
        FillOthers(kept.Length);
        Assert.Equal(-1, kept.Span.IndexOfAnyExcept((byte)0x11));
    }

    [Fact]
    public void A_span_of_pixels_outlives_its_image_in_one_method()
    {
        Assert.True(Work());

        static bool Work()
        {
            Span<byte> kept = ImageBuffer.Create(256, 256).Span;
            kept.Fill(0x11);
            Collect();
            FillOthers(kept.Length);
            return kept.IndexOfAnyExcept((byte)0x11) < 0;
        }
    }

    [Fact]
    public void A_new_image_is_black_whatever_its_memory_held()
    {
        using (ImageBuffer before = ImageBuffer.FromPixels([.. Enumerable.Repeat((byte)0x55, 128 * 128 * 3)], 128, 128))
            Assert.False(before.IsDisposed);
        using ImageBuffer image = ImageBuffer.Create(128, 128);
        Assert.Equal(-1, image.Span.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Forgotten_images_are_collected_before_they_fill_the_memory()
    {
        const long Each = 2048 * 2048 * 3;
        Collect();
        long before = Environment.WorkingSet;
        int collections = GC.CollectionCount(2);
        long most = 0;
        for (int i = 0; i < 150; i++)
        {
            Forget();
            most = Math.Max(most, Environment.WorkingSet - before);
        }

        Assert.True(GC.CollectionCount(2) > collections, "no collection");
        Assert.InRange(most, 0, 60 * Each);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => ImageBuffer.Create(2048, 2048).Span.Fill(1);
    }

    [Fact]
    public async Task A_forgotten_model_and_its_thread_go()
    {
        (WeakReference model, WeakReference result, WeakReference callbacks) = await GenerateAndForgetAsync();
        await CollectedAsync(model, result, callbacks);
    }

    [Fact]
    public async Task A_forgotten_upscaler_goes()
    {
        WeakReference upscaler = await LoadAsync();
        await CollectedAsync(upscaler);

        [MethodImpl(MethodImplOptions.NoInlining)]
        async Task<WeakReference> LoadAsync()
        {
            Upscaler upscaler = await Upscaler.LoadAsync(new UpscalerOptions(demo.Files.UpscalerX2) { Threads = 1 }, null, Cancellation);
            using ImageBuffer small = ImageBuffer.Create(8, 8);
            (await upscaler.UpscaleAsync(small, null, Cancellation)).Dispose();
            return new WeakReference(upscaler);
        }
    }

    [Fact]
    public async Task An_idle_model_refers_to_nothing_of_its_last_call()
    {
        (WeakReference result, WeakReference callbacks, WeakReference input) = await GenerateAsync();
        await CollectedAsync(result, callbacks, input);
        Assert.False(demo.Model.IsBusy);

        [MethodImpl(MethodImplOptions.NoInlining)]
        async Task<(WeakReference, WeakReference, WeakReference)> GenerateAsync()
        {
            var heard = new SdCallbacks { Progress = new Recorder([]), Log = _ => { }, Preview = preview => preview.Image.Dispose() };
            ImageBuffer input = ImageBuffer.Create(64, 64);
            GenerationResult result = await demo.Model.ImageToImageAsync(
                new ImageToImageRequest { Image = input, Prompt = "red", Steps = 1, CfgScale = 1 }, heard, Cancellation);
            return (new WeakReference(result), new WeakReference(heard), new WeakReference(input));
        }
    }

    [Fact]
    public async Task An_input_may_be_disposed_as_soon_as_the_call_has_begun()
    {
        byte[] expected = await FromImageAsync(disposeEarly: false);
        Assert.Equal(expected, await FromImageAsync(disposeEarly: true));
        Assert.Equal(await UpscaledAsync(disposeEarly: false), await UpscaledAsync(disposeEarly: true));
    }

    [Fact]
    public async Task A_disposed_input_is_refused()
    {
        ImageBuffer image = ImageBuffer.Create(64, 64);
        using ImageBuffer good = ImageBuffer.Create(64, 64);
        image.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => demo.Model.ImageToImageAsync(new ImageToImageRequest { Image = image }, null, Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => demo.Model.ImageToImageAsync(new ImageToImageRequest { Image = good, Mask = image }, null, Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => demo.Model.TextToImageAsync(Demo.Request with { ReferenceImages = [good, image] }, null, Cancellation));
        Assert.Equal(64 * 64 * 3, good.Span.Length);
    }

    private async Task<byte[]> FromImageAsync(bool disposeEarly)
    {
        using ImageBuffer image = Pattern(64), mask = ImageBuffer.FromPixels([.. Enumerable.Range(0, 64 * 64).Select(i => i % 64 < 32 ? (byte)255 : (byte)0)], 64, 64, channels: 1);
        var request = new ImageToImageRequest { Image = image, Mask = mask, Prompt = "a red circle", Steps = 4, CfgScale = 1, Seed = 7 };
        // It waits behind another call, so that the inputs are disposed before it begins.
        Task<GenerationResult> first = demo.Model.TextToImageAsync(Demo.Request with { Steps = 20 }, null, Cancellation);
        Task<GenerationResult> second = demo.Model.ImageToImageAsync(request, null, Cancellation);
        if (disposeEarly)
        {
            image.Dispose();
            mask.Dispose();
            FillOthers(image.Length, mask.Length);
        }

        (await first).Dispose();
        using GenerationResult result = await second;
        return result.Images[0].Image.Span.ToArray();
    }

    private async Task<byte[]> UpscaledAsync(bool disposeEarly)
    {
        await using Upscaler upscaler = await Upscaler.LoadAsync(new UpscalerOptions(demo.Files.UpscalerX2) { Threads = 1 }, null, Cancellation);
        using ImageBuffer image = Pattern(128);
        Task<ImageBuffer> running = upscaler.UpscaleAsync(image, null, Cancellation);
        if (disposeEarly)
        {
            image.Dispose();
            FillOthers(image.Length);
        }

        using ImageBuffer upscaled = await running;
        return upscaled.Span.ToArray();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<(WeakReference Model, WeakReference Result, WeakReference Callbacks)> GenerateAndForgetAsync()
    {
        DiffusionModel model = await DiffusionModel.LoadAsync(demo.Files.ToOptions(threads: 1), null, Cancellation);
        var callbacks = new SdCallbacks { Progress = new Recorder([]) };
        GenerationResult result = await model.TextToImageAsync(Demo.Request, callbacks, Cancellation);
        return (new WeakReference(model), new WeakReference(result), new WeakReference(callbacks));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<Memory<byte>> LendAsync(string source, bool dispose = false)
    {
        ImageBuffer? image = null;
        switch (source)
        {
            case "created":
                image = ImageBuffer.Create(64, 64);
                break;
            case "a result":
                image = (await demo.Model.TextToImageAsync(Demo.Request, null, Cancellation)).Images[0].Image;
                break;
            default:
                (await demo.Model.TextToImageAsync(Demo.Request, new SdCallbacks { Preview = preview => image = preview.Image }, Cancellation)).Dispose();
                break;
        }

        Memory<byte> lent = image!.Memory;
        if (dispose)
            image.Dispose();
        return lent;
    }

    private static ImageBuffer Pattern(int side) => ImageBuffer.FromPixels([.. Enumerable.Range(0, side * side * 3).Select(i => (byte)(i * 31))], side, side);

    // Whatever of these sizes is free gets another image's pixels.
    private static void FillOthers(params int[] lengths)
    {
        foreach (int length in lengths)
        {
            for (int i = 0; i < 8; i++)
                ImageBuffer.Create(length / 64, 64, channels: 1).Span.Fill(0x77);
        }
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    // A frame that is just being left may hold them a moment longer.
    private static async Task CollectedAsync(params WeakReference[] references)
    {
        long since = Stopwatch.GetTimestamp();
        while (references.Any(reference => reference.IsAlive) && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(20))
        {
            await Task.Yield();
            Collect();
        }

        Assert.All(references, reference => Assert.False(reference.IsAlive));
    }
}
