using System.Runtime.InteropServices;
using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>
/// A loaded image model. Safe to use from any thread: calls on one model run one after the other, different models side by side.
/// </summary>
public sealed class DiffusionModel : IDisposable, IAsyncDisposable
{
    private readonly EngineThread _thread;
    private readonly ContextHandle _handle;
    private readonly ModelFileInfo[] _files;

    private DiffusionModel(EngineThread thread, ContextHandle handle, ModelFileInfo[] files)
    {
        _thread = thread;
        _handle = handle;
        _files = files;
        (Family, DefaultSampler, DefaultScheduler, TakesReferenceImages) = ReadInfo(handle);
    }

    /// <summary>Ends the thread of a forgotten model; its handle frees itself.</summary>
    ~DiffusionModel() => _thread.End();

    /// <summary>What the engine says the model is, e.g. <c>Z-Image</c>.</summary>
    public string Family { get; }

    /// <summary>The sampler used when a request names none.</summary>
    public string DefaultSampler { get; }

    /// <summary>The scheduler used when a request names none.</summary>
    public string DefaultScheduler { get; }

    /// <summary>Whether it draws from <see cref="ImageRequest.ReferenceImages"/>; if not, it refuses them.</summary>
    public bool TakesReferenceImages { get; }

    /// <summary>
    /// Loads a model; loads the engine first if that has not happened. The files' headers are inspected before the engine sees them.
    /// The engine cannot be stopped while it loads: a cancelled load ends when the engine has finished, with nothing left behind.
    /// </summary>
    /// <param name="options">The files and how to load them.</param>
    /// <param name="callbacks">What to hear meanwhile.</param>
    /// <param name="cancellation">Gives the model up.</param>
    /// <exception cref="SdException">
    /// <see cref="SdError.ModelFileNotFound"/>, <see cref="SdError.ModelFileInvalid"/>, <see cref="SdError.ModelFileTruncated"/> naming the
    /// file; <see cref="SdError.ModelLoadFailed"/> with the engine's words; <see cref="SdError.NotSupported"/> naming the option.
    /// </exception>
    public static async Task<DiffusionModel> LoadAsync(
        DiffusionModelOptions options, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        var thread = new EngineThread("SdCpp model", options.WhenBusy);
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

    /// <summary>Draws pictures from words.</summary>
    /// <param name="request">What to draw.</param>
    /// <param name="callbacks">What to hear meanwhile.</param>
    /// <param name="cancellation">Stops the engine at its next step; while it decodes, after that. Nothing is delivered.</param>
    /// <param name="finishImage">
    /// Finishes the image at hand and delivers those that are finished. Signalled before the first one is begun, it cancels; while the engine
    /// decodes, everything is delivered.
    /// </param>
    /// <returns>The pictures; dispose it to give their memory back.</returns>
    /// <exception cref="SdException">
    /// A value was refused, the engine failed, or it is <see cref="SdError.Busy"/> (<see cref="DiffusionModelOptions.WhenBusy"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is delivered.</exception>
    public Task<GenerationResult> TextToImageAsync(
        TextToImageRequest request, SdCallbacks? callbacks = null, CancellationToken cancellation = default, CancellationToken finishImage = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _thread.RunAsync(this, () => Generate(request, null, callbacks, cancellation, finishImage), cancellation);
    }

    /// <summary>Draws pictures from words and a picture.</summary>
    /// <param name="request">What to draw, and from what. Its buffers must live until the call has ended.</param>
    /// <param name="callbacks">What to hear meanwhile.</param>
    /// <param name="cancellation">As in <see cref="TextToImageAsync"/>.</param>
    /// <param name="finishImage">As in <see cref="TextToImageAsync"/>.</param>
    /// <returns>The pictures; dispose it to give their memory back.</returns>
    /// <exception cref="SdException">As in <see cref="TextToImageAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is delivered.</exception>
    public Task<GenerationResult> ImageToImageAsync(
        ImageToImageRequest request, SdCallbacks? callbacks = null, CancellationToken cancellation = default, CancellationToken finishImage = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return _thread.RunAsync(this, () => Generate(request, request, callbacks, cancellation, finishImage), cancellation);
    }

    /// <summary>Waits for the running and waiting calls, then frees the model. Not to be called from its callbacks.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this model, where it would wait for itself.</exception>
    public void Dispose()
    {
        _thread.CloseAsync(_handle, this).GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this model, where it would wait for itself.</exception>
    public async ValueTask DisposeAsync()
    {
        await _thread.CloseAsync(_handle, this).ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private static unsafe DiffusionModel Load(
        EngineThread thread, DiffusionModelOptions options, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        SdEngine.Load();
        ModelFileInfo[] files = ModelFiles.Check(options);
        EngineOptions engineOptions = options.ToEngineOptions();
        IReadOnlyCollection<KeyValuePair<string, string>> embeddings = options.Embeddings ?? new Dictionary<string, string>();
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena, stop: null);
        var parameters = new NativeContextParams
        {
            Size = (uint)sizeof(NativeContextParams),
            Threads = options.Threads,
            Options = arena.AddOptions(engineOptions),
            OptionCount = (nuint)engineOptions.Count,
            Embeddings = arena.AddOptions(embeddings),
            EmbeddingCount = (nuint)embeddings.Count,
        };
        NativeError error = NativeStatus.NewError();
        nint context = 0;
        int status;
        fixed (NativeCall* call = &scope.Call)
            status = NativeMethods.sdcpp_context_create(&parameters, call, &context, &error);
        var handle = new ContextHandle(context);
        try
        {
            scope.ThrowIfCallbackThrew();
            NativeStatus.ThrowIfFailed(status, error, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return new DiffusionModel(thread, handle, files);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static unsafe (string Family, string Sampler, string Scheduler, bool TakesReferenceImages) ReadInfo(ContextHandle handle)
    {
        var info = new NativeContextInfo { Size = (uint)sizeof(NativeContextInfo) };
        NativeError error = NativeStatus.NewError();
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_context_get_info(handle, &info, &error), error);
        return (Text(info.Family), Text(info.DefaultSampler), Text(info.DefaultScheduler), info.TakesRefImages == 1);

        static string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";
    }

    private unsafe GenerationResult Generate(
        ImageRequest request, ImageToImageRequest? from, SdCallbacks? callbacks, CancellationToken cancellation, CancellationToken finishImage)
    {
        ModelFiles.CheckLoras(request.Loras, _files);
        CompanionFiles.CheckIdentity(request);
        if (RequestOptions.FileOf(request, "hires.model_path", request.Hires?.ModelPath) is { } upscaler)
            ModelFiles.CheckUpscaler(upscaler);
        using var arena = new Utf8Arena();
        using var call = new NativeCallScope(callbacks, arena, Stop);
        NativeImageParams parameters = RequestMarshaller.ToNative(request, arena);
        ImageBuffer[] pixels = RequestMarshaller.RentResults(request);
        try
        {
            NativeResult result = RequestMarshaller.ToNative(pixels, arena);
            // Whoever cancels from here on reaches this call: the bridge keeps a cancel that comes before it begins.
            NativeMethods.sdcpp_cancel(_handle, CancelMode.None);
            using (cancellation.UnsafeRegister(static model => ((DiffusionModel)model!).Stop(), this))
            using (finishImage.UnsafeRegister(static model => NativeMethods.sdcpp_cancel(((DiffusionModel)model!)._handle, CancelMode.AfterImage), this))
                Call(&parameters, from, call, &result, cancellation, finishImage);
            GC.KeepAlive(request);
            return new GenerationResult(RequestMarshaller.ToImages(pixels, (int)result.ImageCount, parameters.Seed));
        }
        catch
        {
            foreach (ImageBuffer image in pixels)
                image.Dispose();
            throw;
        }
    }

    private unsafe void Call(
        NativeImageParams* parameters, ImageToImageRequest? from, NativeCallScope scope, NativeResult* result, CancellationToken cancellation,
        CancellationToken finishImage)
    {
        NativeError error = NativeStatus.NewError();
        int status;
        fixed (NativeCall* call = &scope.Call)
        {
            if (from is null)
            {
                status = NativeMethods.sdcpp_txt2img(_handle, parameters, call, result, &error);
            }
            else
            {
                NativeImage init = RequestMarshaller.ToNative(from.Image);
                NativeImage mask = from.Mask is null ? default : RequestMarshaller.ToNative(from.Mask);
                status = NativeMethods.sdcpp_img2img(
                    _handle, parameters, &init, from.Mask is null ? null : &mask, from.Strength, call, result, &error);
                GC.KeepAlive(from);
            }
        }

        scope.ThrowIfCallbackThrew();
        bool onlyFinish = finishImage.IsCancellationRequested && !cancellation.IsCancellationRequested;
        NativeStatus.ThrowIfFailed(status, error, onlyFinish ? finishImage : cancellation);
    }

    private void Stop() => NativeMethods.sdcpp_cancel(_handle, CancelMode.Now);
}
