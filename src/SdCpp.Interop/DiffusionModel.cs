using System.Runtime.InteropServices;
using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>
/// A loaded image model. Safe to use from any thread: calls on one model run one after the other, different models side by side.
/// </summary>
public sealed partial class DiffusionModel : IDisposable, IAsyncDisposable
{
    private readonly EngineThread _thread;
    private readonly ContextHandle _handle;
    private readonly ModelFileInfo[] _files;
    private readonly ModelFileInfo _main;
    private readonly bool _takesTurns;

    private DiffusionModel(EngineThread thread, ContextHandle handle, ModelFileInfo[] files, DiffusionModelOptions options)
    {
        _thread = thread;
        _handle = handle;
        _files = files;
        _takesTurns = CpuThreads.TakesTurns(options.Threads, options.Backend);
        _main = ModelFiles.MainOf(options, files);
        ControlNetPath = options.ControlNetPath;
        Defaults = ModelDefaults.Of(_main);
        ModelInfo info = ReadInfo(handle);
        (Family, DefaultSampler, DefaultScheduler) = (info.Family, info.Sampler, info.Scheduler);
        (TakesReferenceImages, SupportsImages, SupportsVideo) = (info.TakesReferenceImages, info.MakesImages, info.MakesVideos);
    }

    /// <summary>Ends the thread of a forgotten model; its handle frees itself.</summary>
    ~DiffusionModel() => _thread.End();

    /// <summary>What the engine says the model is, e.g. <c>Z-Image</c>.</summary>
    public string Family { get; }

    /// <summary>What it generates with where a request says nothing.</summary>
    public ModelDefaults Defaults { get; }

    /// <summary>The sampler used when a request names none.</summary>
    public string DefaultSampler { get; }

    /// <summary>The scheduler used when a request names none.</summary>
    public string DefaultScheduler { get; }

    /// <summary>Whether it can use <see cref="ImageRequest.ReferenceImages"/>; if not, it refuses them.</summary>
    public bool TakesReferenceImages { get; }

    /// <summary>Whether it generates images; if not, it refuses to.</summary>
    public bool SupportsImages { get; }

    /// <summary>Whether it generates videos (<see cref="GenerateVideoAsync"/>); if not, it refuses to.</summary>
    public bool SupportsVideo { get; }

    /// <summary>Whether a call runs at the moment.</summary>
    public bool IsBusy => _thread.IsRunning;

    /// <summary>Calls that wait for their turn at the moment.</summary>
    public int WaitingCalls => _thread.WaitingCalls;

    /// <summary>
    /// Loads a model; loads the engine first if that has not happened, with the options of <see cref="SdEngine.Configure"/>. The files'
    /// headers are inspected before the engine sees them.
    /// </summary>
    /// <param name="options">The files and how to load them.</param>
    /// <param name="callbacks">Optional progress and log callbacks.</param>
    /// <param name="cancellation">
    /// Cancels the load. The engine cannot be stopped while it reads: the task ends at once, and what the engine has read is freed when it
    /// has finished.
    /// </param>
    /// <exception cref="SdException">
    /// <see cref="SdError.ModelFileNotFound"/>, <see cref="SdError.ModelFileInvalid"/>, <see cref="SdError.ModelFileTruncated"/> naming the
    /// file; <see cref="SdError.ModelLoadFailed"/> with the engine's words; <see cref="SdError.NotSupported"/> naming the option.
    /// </exception>
    /// <exception cref="ArgumentException">A value is null where it cannot be; it is named.</exception>
    public static async Task<DiffusionModel> LoadAsync(
        DiffusionModelOptions options, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxWaitingCalls, nameof(options.MaxWaitingCalls));
        NullChecks.Check(options);
        cancellation.ThrowIfCancellationRequested();
        var thread = new EngineThread(nameof(DiffusionModel), options.WhenBusy, options.MaxWaitingCalls);
        try
        {
            var load = new EngineCall<DiffusionModel>(() => Load(thread, options, callbacks, cancellation), cancellation) { Discard = static model => model.Free() };
            return await thread.RunAsync(load).ConfigureAwait(false);
        }
        catch
        {
            thread.End();
            throw;
        }
    }

    /// <summary>Generates images from a prompt.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="callbacks">Optional progress, log and preview callbacks.</param>
    /// <param name="cancellation">Stops the engine at its next step; while it decodes, after that. Nothing is delivered.</param>
    /// <param name="finishImage">
    /// Finishes the current image and delivers those that are finished. Signalled before the first one is begun, it cancels; while the engine
    /// decodes, everything is delivered.
    /// </param>
    /// <returns>The images; dispose it to give their memory back.</returns>
    /// <exception cref="SdException">
    /// A value was refused, the engine failed, or it is <see cref="SdError.Busy"/> (<see cref="DiffusionModelOptions.WhenBusy"/>,
    /// <see cref="DiffusionModelOptions.MaxWaitingCalls"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is delivered.</exception>
    /// <exception cref="ArgumentException">A value is null where it cannot be; it is named.</exception>
    /// <exception cref="ObjectDisposedException">The model, or an image of the request, is disposed.</exception>
    /// <exception cref="InvalidOperationException">A callback of this model's own call waits for this one, which can only begin when that callback has returned.</exception>
    public Task<GenerationResult> TextToImageAsync(
        TextToImageRequest request, SdCallbacks? callbacks = null, CancellationToken cancellation = default, CancellationToken finishImage = default) =>
        RunAsync(request, callbacks, cancellation, finishImage);

    /// <summary>Generates images from a prompt and an image.</summary>
    /// <param name="request">What to generate, and from what. Its images may be disposed once this has returned its task.</param>
    /// <param name="callbacks">Optional progress, log and preview callbacks.</param>
    /// <param name="cancellation">As in <see cref="TextToImageAsync"/>.</param>
    /// <param name="finishImage">As in <see cref="TextToImageAsync"/>.</param>
    /// <returns>The images; dispose it to give their memory back.</returns>
    /// <exception cref="SdException">As in <see cref="TextToImageAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is delivered.</exception>
    /// <exception cref="ArgumentException">A value is null where it cannot be; it is named.</exception>
    /// <exception cref="ObjectDisposedException">The model, or an image of the request, is disposed.</exception>
    /// <exception cref="InvalidOperationException">A callback of this model's own call waits for this one, which can only begin when that callback has returned.</exception>
    public Task<GenerationResult> ImageToImageAsync(
        ImageToImageRequest request, SdCallbacks? callbacks = null, CancellationToken cancellation = default, CancellationToken finishImage = default) =>
        RunAsync(request, callbacks, cancellation, finishImage);

    /// <summary>Cancels the calls that wait, and stops the one that runs at its next step. The model stays usable.</summary>
    public void CancelAll() => _thread.CancelAll();

    /// <summary>
    /// Cancels the calls that wait, waits for the one that runs, then frees the model. <see cref="CancelAll"/> before it stops that one too.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this model, where it would wait for itself.</exception>
    public void Dispose()
    {
        _thread.CloseAsync(_handle).GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of this model, where it would wait for itself.</exception>
    public async ValueTask DisposeAsync()
    {
        await _thread.CloseAsync(_handle).ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private Task<GenerationResult> RunAsync(ImageRequest request, SdCallbacks? callbacks, CancellationToken cancellation, CancellationToken finishImage)
    {
        ArgumentNullException.ThrowIfNull(request);
        NullChecks.Check(request);
        request = Defaults.Complete(request);
        return _thread.RunAsync(new EngineCall<GenerationResult>(() => Generate(request, callbacks, cancellation, finishImage), cancellation)
        {
            Release = InputLease.Take(request),
        });
    }

    // Of a load that nobody waits for any more, on its own thread.
    private void Free()
    {
        _handle.Dispose();
        _thread.End();
    }

    private static unsafe DiffusionModel Load(
        EngineThread thread, DiffusionModelOptions options, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        SdEngine.Load();
        ModelFileInfo[] files = ModelFiles.Check(options);
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena, abandoned: cancellation);
        NativeContextParams parameters = ToNative(options, files, arena);
        NativeError error = NativeStatus.NewError();
        nint context = 0;
        int status;
        fixed (NativeCall* call = &scope.Call)
            status = NativeMethods.sdcpp_context_create(&parameters, call, &context, &error);
        var handle = new ContextHandle(context, files.Sum(file => file.MemoryEstimate));
        try
        {
            scope.ThrowIfCallbackThrew();
            NativeStatus.ThrowIfFailed(status, error, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return new DiffusionModel(thread, handle, files, options);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static unsafe NativeContextParams ToNative(DiffusionModelOptions options, ModelFileInfo[] files, Utf8Arena arena)
    {
        EngineOptions engineOptions = options.ToEngineOptions();
        VideoModelChecks.KeepTables(files, engineOptions);
        IReadOnlyCollection<KeyValuePair<string, string>> embeddings = options.Embeddings ?? new Dictionary<string, string>();
        return new NativeContextParams
        {
            Size = (uint)sizeof(NativeContextParams),
            Threads = CpuThreads.For(options.Threads),
            Options = arena.AddOptions(engineOptions),
            OptionCount = (nuint)engineOptions.Count,
            Embeddings = arena.AddOptions(embeddings),
            EmbeddingCount = (nuint)embeddings.Count,
        };
    }

    private readonly record struct ModelInfo(string Family, string Sampler, string Scheduler, bool TakesReferenceImages, bool MakesImages, bool MakesVideos);

    private static unsafe ModelInfo ReadInfo(ContextHandle handle)
    {
        var info = new NativeContextInfo { Size = (uint)sizeof(NativeContextInfo) };
        NativeError error = NativeStatus.NewError();
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_context_get_info(handle, &info, &error), error);
        return new ModelInfo(
            Text(info.Family), Text(info.DefaultSampler), Text(info.DefaultScheduler), info.TakesRefImages == 1, info.MakesImages == 1, info.MakesVideos == 1);

        static string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";
    }

    private unsafe GenerationResult Generate(
        ImageRequest request, SdCallbacks? callbacks, CancellationToken cancellation, CancellationToken finishImage)
    {
        ModelFiles.CheckLoras(request.Loras, _files);
        CompanionFiles.CheckIdentity(request);
        if (RequestOptions.FileOf(request, "hires.model_path", request.Hires?.ModelPath) is { } upscaler)
            ModelFiles.CheckUpscaler(upscaler);
        using var arena = new Utf8Arena();
        NativeImageParams parameters = RequestMarshaller.ToNative(request, arena);
        ImageBuffer[] pixels = RequestMarshaller.RentResults(parameters);
        try
        {
            NativeResult result = RequestMarshaller.ToNative(pixels, arena);
            NativeImageParams* sent = &parameters;
            NativeResult* received = &result;
            Run(arena, callbacks, (call, error) => Call(sent, request as ImageToImageRequest, call, received, error), cancellation, finishImage);
            return new GenerationResult(RequestMarshaller.ToImages(pixels, (int)result.ImageCount, parameters.Seed));
        }
        catch
        {
            foreach (ImageBuffer image in pixels)
                image.Dispose();
            throw;
        }
    }

    private unsafe int Call(NativeImageParams* parameters, ImageToImageRequest? from, NativeCall* call, NativeResult* result, NativeError* error)
    {
        if (from is null)
            return NativeMethods.sdcpp_txt2img(_handle, parameters, call, result, error);
        NativeImage init = RequestMarshaller.ToNative(from.Image);
        NativeImage mask = from.Mask is null ? default : RequestMarshaller.ToNative(from.Mask);
        return NativeMethods.sdcpp_img2img(_handle, parameters, &init, from.Mask is null ? null : &mask, from.Strength, call, result, error);
    }

    private unsafe delegate int NativeGeneration(NativeCall* call, NativeError* error);

    // Makes a call that can be stopped, in its turn for the cores.
    private unsafe void Run(Utf8Arena arena, SdCallbacks? callbacks, NativeGeneration generate, CancellationToken cancellation, CancellationToken finishImage)
    {
        using CoreTurn? turn = _takesTurns ? new CoreTurn() : null;
        Action stop = () =>
        {
            NativeMethods.sdcpp_cancel(_handle, CancelMode.Now);
            turn?.Cancel();
        };
        using var scope = new NativeCallScope(callbacks, arena, stop, turn);
        // Whoever cancels from here on reaches this call: the bridge keeps a cancel that comes before it begins.
        NativeMethods.sdcpp_cancel(_handle, CancelMode.None);
        _thread.OnStop(stop);
        using (cancellation.UnsafeRegister(static stop => ((Action)stop!)(), stop))
        using (finishImage.UnsafeRegister(static model => NativeMethods.sdcpp_cancel(((DiffusionModel)model!)._handle, CancelMode.AfterImage), this))
        {
            turn?.Take();
            NativeError error = NativeStatus.NewError();
            int status;
            fixed (NativeCall* call = &scope.Call)
                status = generate(call, &error);
            scope.ThrowIfCallbackThrew();
            bool onlyFinish = finishImage.IsCancellationRequested && !cancellation.IsCancellationRequested;
            NativeStatus.ThrowIfFailed(status, error, onlyFinish ? finishImage : cancellation);
        }
    }
}
