using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>A loaded ESRGAN upscaler. Safe to use from any thread: calls on it run one after the other.</summary>
public sealed class Upscaler : IDisposable, IAsyncDisposable
{
    private readonly EngineThread _thread;
    private readonly UpscalerHandle _handle;

    private Upscaler(EngineThread thread, UpscalerHandle handle)
    {
        _thread = thread;
        _handle = handle;
        Factor = NativeMethods.sdcpp_upscaler_factor(handle);
    }

    /// <summary>Ends the thread of a forgotten upscaler; its handle frees itself.</summary>
    ~Upscaler() => _thread.End();

    /// <summary>How many times wider and higher a result is.</summary>
    public int Factor { get; }

    /// <summary>Loads an upscaler; loads the engine first if that has not happened.</summary>
    /// <param name="options">The file and how to load it.</param>
    /// <param name="callbacks">What to hear meanwhile.</param>
    /// <param name="cancellation">Gives the upscaler up when the engine has finished loading it.</param>
    /// <exception cref="SdException">The file is missing or damaged, or the engine refused it; the message names it.</exception>
    public static async Task<Upscaler> LoadAsync(
        UpscalerOptions options, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        var thread = new EngineThread("SdCpp upscaler", options.WhenBusy);
        try
        {
            return await thread.RunAsync(thread, () => Load(thread, options, callbacks, cancellation), cancellation).ConfigureAwait(false);
        }
        catch
        {
            thread.End();
            throw;
        }
    }

    /// <summary>Enlarges a picture by <see cref="Factor"/>.</summary>
    /// <param name="image">3 channels; must live until the call has ended. The result's sides must stay within <see cref="ImageBuffer"/>'s limits.</param>
    /// <param name="callbacks">What to hear meanwhile.</param>
    /// <param name="cancellation">Gives the result up. The engine cannot be stopped while it upscales.</param>
    /// <returns>The enlarged picture; dispose it to give its memory back.</returns>
    /// <exception cref="SdException">The picture was refused, or the engine failed, or it is <see cref="SdError.Busy"/> (<see cref="UpscalerOptions.WhenBusy"/>).</exception>
    public Task<ImageBuffer> UpscaleAsync(ImageBuffer image, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return _thread.RunAsync(this, () => Upscale(image, callbacks, cancellation), cancellation);
    }

    /// <summary>Waits for the running and waiting calls, then frees the upscaler. Not to be called from its callbacks.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this upscaler, where it would wait for itself.</exception>
    public void Dispose()
    {
        _thread.CloseAsync(_handle, this).GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this upscaler, where it would wait for itself.</exception>
    public async ValueTask DisposeAsync()
    {
        await _thread.CloseAsync(_handle, this).ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private static unsafe Upscaler Load(
        EngineThread thread, UpscalerOptions options, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        SdEngine.Load();
        ModelFiles.CheckUpscaler(options.ModelPath);
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena, stop: null);
        var parameters = new NativeUpscalerParams
        {
            Size = (uint)sizeof(NativeUpscalerParams),
            Threads = options.Threads,
            TileSize = options.TileSize,
            ModelPath = arena.Add(options.ModelPath, nameof(options.ModelPath)),
            Backend = arena.Add(options.Backend, nameof(options.Backend)),
            ParamsBackend = arena.Add(options.ParamsBackend, nameof(options.ParamsBackend)),
            ConvDirect = options.ConvDirect ? 1 : 0,
        };
        NativeError error = NativeStatus.NewError();
        nint upscaler = 0;
        int status;
        fixed (NativeCall* call = &scope.Call)
            status = NativeMethods.sdcpp_upscaler_create(&parameters, call, &upscaler, &error);
        var handle = new UpscalerHandle(upscaler);
        try
        {
            scope.ThrowIfCallbackThrew();
            NativeStatus.ThrowIfFailed(status, error, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return new Upscaler(thread, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private unsafe ImageBuffer Upscale(ImageBuffer image, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena, stop: null);
        var enlarged = ImageBuffer.Create(image.Width * Factor, image.Height * Factor);
        try
        {
            NativeImage input = RequestMarshaller.ToNative(image);
            NativeResult result = RequestMarshaller.ToNative([enlarged], arena);
            NativeError error = NativeStatus.NewError();
            int status;
            fixed (NativeCall* call = &scope.Call)
                status = NativeMethods.sdcpp_upscale(_handle, &input, call, &result, &error);
            GC.KeepAlive(image);
            scope.ThrowIfCallbackThrew();
            NativeStatus.ThrowIfFailed(status, error, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return enlarged;
        }
        catch
        {
            enlarged.Dispose();
            throw;
        }
    }
}
