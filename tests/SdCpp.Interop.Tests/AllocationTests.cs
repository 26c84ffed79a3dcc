using SdCpp.Benchmarks;

namespace SdCpp.Interop.Tests;

/// <summary>What an image costs the managed heap. Its pixels lie elsewhere.</summary>
public sealed class AllocationTests(Demo demo)
{
    private const int LargeObjectHeap = 3;
    private static readonly SdCallbacks Callbacks = new() { Progress = new Listener(static _ => { }) };

    [Theory]
    [InlineData(64, 20)]
    [InlineData(96, 2)]
    public async Task An_image_allocates_less_than_4_KB(int side, int steps)
    {
        TextToImageRequest request = Demo.Request with { Width = side, Height = side, Steps = steps };
        using var cancel = new CancellationTokenSource();
        await GenerateAsync(request, cancel.Token);
        long least = long.MaxValue;
        for (int image = 0; image < 3; image++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await GenerateAsync(request, cancel.Token);
            // The least of a few: the test runner allocates in the same process, when it likes.
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.InRange(least, 1, 4095);
    }

    [Fact]
    public async Task Images_and_their_files_leave_the_large_object_heap_alone()
    {
        // Just more than an array that goes there: 85,000 bytes.
        TextToImageRequest request = Demo.Request with { Width = 176, Height = 176, Steps = 1, BatchCount = 2 };
        string path = demo.NewPath(".png");
        using ImageBuffer noise = ImageBuffer.Create(512, 512);
        new Random(1).NextBytes(noise.Span);
        await GenerateAsync(request, CancellationToken.None);
        GC.Collect();
        long before = GC.GetGCMemoryInfo(GCKind.FullBlocking).GenerationInfo[LargeObjectHeap].SizeAfterBytes;

        await GenerateAsync(request, CancellationToken.None);
        noise.Save(path);

        GC.Collect();
        long after = GC.GetGCMemoryInfo(GCKind.FullBlocking).GenerationInfo[LargeObjectHeap].SizeBeforeBytes;
        Assert.True(new FileInfo(path).Length > 512 * 512 * 3);
        Assert.Equal(before, after);
    }

    private async Task GenerateAsync(TextToImageRequest request, CancellationToken cancellation) =>
        (await demo.Model.TextToImageAsync(request, Callbacks, cancellation)).Dispose();
}
