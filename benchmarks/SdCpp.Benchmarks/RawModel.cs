using System.Runtime.CompilerServices;
using SdCpp.Interop;
using SdCpp.Interop.Native;

namespace SdCpp.Benchmarks;

/// <summary>The bridge without the safe API: everything that a call needs is made once, an image is one native call.</summary>
internal sealed unsafe class RawModel : IDisposable
{
    private readonly Utf8Arena _arena = new();
    private readonly ContextHandle _context;
    private readonly ImageBuffer[] _pixels;
    private readonly NativeResult _result;
    private readonly NativeImageParams _parameters;

    public RawModel(DiffusionModelOptions options, TextToImageRequest request)
    {
        _context = Load(options, _arena);
        _parameters = RequestMarshaller.ToNative(request, _arena);
        _pixels = RequestMarshaller.RentResults(_parameters);
        _result = RequestMarshaller.ToNative(_pixels, _arena);
    }

    /// <summary>A model of the bridge.</summary>
    public static ContextHandle Load(DiffusionModelOptions options, Utf8Arena arena)
    {
        SdEngine.Load();
        EngineOptions engineOptions = options.ToEngineOptions();
        var context = new NativeContextParams
        {
            Size = (uint)sizeof(NativeContextParams),
            Threads = options.Threads,
            Options = arena.AddOptions(engineOptions),
            OptionCount = (nuint)engineOptions.Count,
        };
        NativeError error = NativeStatus.NewError();
        nint handle = 0;
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_context_create(&context, null, &handle, &error), error);
        return new ContextHandle(handle);
    }

    [SkipLocalsInit]
    public void Generate()
    {
        NativeImageParams parameters = _parameters;
        NativeResult result = _result;
        NativeError error;
        error.Size = (uint)sizeof(NativeError);
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_txt2img(_context, &parameters, null, &result, &error), error);
    }

    public void Dispose()
    {
        _context.Dispose();
        foreach (ImageBuffer image in _pixels)
            image.Dispose();
        _arena.Dispose();
    }
}
