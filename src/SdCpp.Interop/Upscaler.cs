using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>A loaded ESRGAN upscaler. Safe to use from any thread: calls on it run one after the other.</summary>
public sealed class Upscaler : IDisposable, IAsyncDisposable
{
    private readonly EngineThread _thread;
    private readonly UpscalerHandle _handle;
    private readonly bool _takesTurns;

    private Upscaler(EngineThread thread, UpscalerHandle handle, UpscalerOptions options)
    {
        _thread = thread;
        _handle = handle;
        _takesTurns = CpuThreads.TakesTurns(options.Threads, options.Backend);
        Factor = NativeMethods.sdcpp_upscaler_factor(handle);
    }

    /// <summary>Ends the thread of a forgotten upscaler; its handle frees itself.</summary>
    ~Upscaler() => _thread.End();

    /// <summary>How many times wider and higher a result is.</summary>
    public int Factor { get; }

    /// <summary>Whether a call runs at the moment.</summary>
    public bool IsBusy => _thread.IsRunning;

    /// <summary>Calls that wait for their turn at the moment.</summary>
    public int WaitingCalls => _thread.WaitingCalls;

    /// <summary>Loads an upscaler; loads the engine first if that has not happened, with the options of <see cref="SdEngine.Configure"/>.</summary>
    /// <param name="options">The file and how to load it.</param>
    /// <param name="callbacks">Optional progress and log callbacks.</param>
    /// <param name="cancellation">Cancels the load: the task ends at once, and what the engine has read is freed when it has finished.</param>
    /// <exception cref="SdException">The file is missing or damaged, or the engine refused it; the message names it.</exception>
    /// <exception cref="ArgumentException"><see cref="UpscalerOptions.ModelPath"/> is null.</exception>
    public static async Task<Upscaler> LoadAsync(
        UpscalerOptions options, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(options.ModelPath, nameof(options.ModelPath));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxWaitingCalls, nameof(options.MaxWaitingCalls));
        cancellation.ThrowIfCancellationRequested();
        var thread = new EngineThread(nameof(Upscaler), options.WhenBusy, options.MaxWaitingCalls);
        try
        {
            var load = new EngineCall<Upscaler>(() => Load(thread, options, callbacks, cancellation), cancellation) { Discard = static upscaler => upscaler.Free() };
            return await thread.RunAsync(load).ConfigureAwait(false);
        }
        catch
        {
            thread.End();
            throw;
        }
    }

    /// <summary>Upscales an image by <see cref="Factor"/>.</summary>
    /// <param name="image">3 channels. It may be disposed once this has returned its task. The result's sides must stay within <see cref="ImageBuffer"/>'s limits.</param>
    /// <param name="callbacks">Optional progress and log callbacks.</param>
    /// <param name="cancellation">Ends the task at once. The engine cannot be stopped while it upscales: a next call waits for it.</param>
    /// <returns>The upscaled image; dispose it to give its memory back.</returns>
    /// <exception cref="SdException">The image was refused, or the engine failed, or it is <see cref="SdError.Busy"/> (<see cref="UpscalerOptions.WhenBusy"/>).</exception>
    /// <exception cref="ObjectDisposedException">The upscaler, or the image, is disposed.</exception>
    /// <exception cref="InvalidOperationException">A callback of this upscaler's own call waits for this one, which can only begin when that callback has returned.</exception>
    public Task<ImageBuffer> UpscaleAsync(ImageBuffer image, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return _thread.RunAsync(new EngineCall<ImageBuffer>(() => Upscale(image, callbacks, cancellation), cancellation)
        {
            Discard = static upscaled => upscaled.Dispose(),
            Release = InputLease.Take([image]),
        });
    }

    /// <summary>Cancels the calls that wait, waits for the one that runs, then frees the upscaler.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this upscaler, where it would wait for itself.</exception>
    public void Dispose()
    {
        _thread.CloseAsync(_handle).GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this upscaler, where it would wait for itself.</exception>
    public async ValueTask DisposeAsync()
    {
        await _thread.CloseAsync(_handle).ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    // Of a load that nobody waits for any more, on its own thread.
    private void Free()
    {
        _handle.Dispose();
        _thread.End();
    }

    private static unsafe Upscaler Load(
        EngineThread thread, UpscalerOptions options, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        SdEngine.Load();
        ModelFileInfo file = ModelFiles.CheckUpscaler(options.ModelPath);
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena, abandoned: cancellation);
        var parameters = new NativeUpscalerParams
        {
            Size = (uint)sizeof(NativeUpscalerParams),
            Threads = CpuThreads.For(options.Threads),
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
        var handle = new UpscalerHandle(upscaler, file.MemoryEstimate);
        try
        {
            scope.ThrowIfCallbackThrew();
            NativeStatus.ThrowIfFailed(status, error, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return new Upscaler(thread, handle, options);
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
        using CoreTurn? turn = _takesTurns ? new CoreTurn() : null;
        using var scope = new NativeCallScope(callbacks, arena, stop: null, turn, cancellation);
        ImageBuffer upscaled = RentResult(image);
        try
        {
            NativeImage input = RequestMarshaller.ToNative(image);
            NativeResult result = RequestMarshaller.ToNative([upscaled], arena);
            NativeError error = NativeStatus.NewError();
            int status;
            turn?.Take();
            fixed (NativeCall* call = &scope.Call)
                status = NativeMethods.sdcpp_upscale(_handle, &input, call, &result, &error);
            scope.ThrowIfCallbackThrew();
            NativeStatus.ThrowIfFailed(status, error, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return upscaled;
        }
        catch
        {
            upscaled.Dispose();
            throw;
        }
    }

    private ImageBuffer RentResult(ImageBuffer image)
    {
        long width = (long)image.Width * Factor, height = (long)image.Height * Factor;
        if (width > ImageBuffer.MaxSide || height > ImageBuffer.MaxSide || width * height > ImageBuffer.MaxPixels)
        {
            throw new SdException(
                SdError.InvalidArgument,
                $"An image of {image.Width}x{image.Height} becomes {width}x{height} with this upscaler; a result has sides up to {ImageBuffer.MaxSide} and at most {ImageBuffer.MaxPixels} pixels. Give a smaller image.");
        }

        return ImageBuffer.Rent((int)width, (int)height);
    }
}
