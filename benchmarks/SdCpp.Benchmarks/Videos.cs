using System.Diagnostics;
using SdCpp.Interop;
using SdCpp.Interop.Native;
using SdStudio.Tests;
using static SdCpp.Benchmarks.Rounds;

namespace SdCpp.Benchmarks;

/// <summary>What the safe API costs a video: time against the raw call by turns, and memory for each frame.</summary>
internal static class Videos
{
    private const int Count = 40;

    public static async Task RunAsync(int frames, int side)
    {
        DiffusionModelOptions options = TinyVideoModel.Write(Path.Combine(Demo.Folder, "video"));
        var request = new VideoRequest { Prompt = "a red fox", Width = side, Height = side, Frames = frames, Fps = 16, Steps = TinyVideoModel.ExactSteps, CfgScale = 1, Seed = 7 };
        using var raw = new RawVideo(options, request);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options);
        await new Rounds($"a video of {frames} frames of {side} × {side}, {request.Steps} steps, 1 thread")
            .Add("raw call", () => OnOneThread(raw.Make))
            .Add("safe API", async () => (await model.GenerateVideoAsync(request)).Dispose())
            .RunAsync(Count);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < Count; i++)
            (await model.GenerateVideoAsync(request)).Dispose();
        double allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Count / frames;
        using var process = Process.GetCurrentProcess();
        Say($"\nmanaged heap: {allocated:F0} bytes a frame; its pixels, {side * side * 3} bytes, come from a pool. Peak of the process: {process.PeakWorkingSet64 / 1048576.0:F0} MiB.");

        static Task OnOneThread(Action make)
        {
            make();
            return Task.CompletedTask;
        }
    }
}

/// <summary>The bridge without the safe API: everything that a call needs is made once, a video is one native call.</summary>
internal sealed unsafe class RawVideo : IDisposable
{
    private readonly Utf8Arena _arena = new();
    private readonly ContextHandle _context;
    private readonly ImageBuffer[] _frames;
    private readonly NativeVideoResult _result;
    private readonly NativeVideoParams _parameters;

    public RawVideo(DiffusionModelOptions options, VideoRequest request)
    {
        _context = RawModel.Load(options, _arena);
        _parameters = RequestMarshaller.ToNative(request, _arena);
        _frames = RequestMarshaller.RentFrames(_parameters);
        _result = RequestMarshaller.ToVideoResult(_frames, _arena);
    }

    public void Make()
    {
        NativeVideoParams parameters = _parameters;
        NativeVideoResult result = _result;
        NativeError error = NativeStatus.NewError();
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_video(_context, &parameters, null, &result, &error), error);
    }

    public void Dispose()
    {
        _context.Dispose();
        foreach (ImageBuffer frame in _frames)
            frame.Dispose();
        _arena.Dispose();
    }
}
