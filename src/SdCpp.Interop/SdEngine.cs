using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>The engine inside this process: loaded once, shared by every model.</summary>
public sealed class SdEngine
{
    private static readonly Lock LoadLock = new();
    private static SdEngine? _loaded;
    private static SdEngineOptions? _configured;
    private static Action<SdLogLine>? _sink;

    private readonly SdEngineOptions _options;

    private SdEngine(NativeEngineInfo info, EngineChoice choice, SdEngineOptions options)
    {
        _options = options;
        Devices = ReadDevices();
        unsafe
        {
            Info = new SdEngineInfo(
                Text(info.Provider), Text(info.Version), Text(info.Commit), Text(info.SystemInfo).Trim(), NativeLoader.Path,
                BackendOf(Devices), choice.Reason + Outcome(Devices))
            {
                Features = Text(NativeMethods.sdcpp_engine_features()).Split(',', StringSplitOptions.RemoveEmptyEntries),
            };
        }

        CanConvert = NativeMethods.sdcpp_can_convert() == 1;
        unsafe
        {
            Samplers = ReadNames(&NativeMethods.sdcpp_sampler_name);
            Schedulers = ReadNames(&NativeMethods.sdcpp_scheduler_name);
            Limits = ReadLimits();
        }
    }

    /// <summary>What the engine is.</summary>
    public SdEngineInfo Info { get; }

    /// <summary>The devices it can compute on.</summary>
    public IReadOnlyList<SdDevice> Devices { get; }

    /// <summary>Whether it can convert models (<see cref="ModelConverter"/>): one that is built from source can, the prebuilt one cannot.</summary>
    public bool CanConvert { get; }

    /// <summary>The names of its samplers, e.g. <c>euler_a</c>.</summary>
    public IReadOnlyList<string> Samplers { get; }

    /// <summary>The names of its schedulers, e.g. <c>karras</c>.</summary>
    public IReadOnlyList<string> Schedulers { get; }

    /// <summary>
    /// The numbers that the engine's bridge checks, by the names of this library's properties (<c>Steps</c>, <c>Hires.Scale</c>), and what is
    /// allowed; those without a property by the engine's own name.
    /// </summary>
    public IReadOnlyDictionary<string, SdLimit> Limits { get; }

    /// <summary>
    /// Says which engine this process will use, without loading it: for programs whose first call is that of a model, which loads the engine
    /// too. Call it where the program begins: its first line, a module initializer, the registration of its services.
    /// </summary>
    /// <param name="options">As for <see cref="Load"/>.</param>
    /// <exception cref="SdException"><see cref="SdError.EngineIncompatible"/>: the engine is loaded already, and is another one.</exception>
    public static void Configure(SdEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        lock (LoadLock)
        {
            _loaded?.CheckSame(options);
            _configured = options;
        }
    }

    /// <summary>
    /// Loads the engine, and proves that its struct layout is the one the native library was compiled for. Only the first call of a
    /// process loads; later ones return the same engine, or throw when it is not what their options ask for.
    /// </summary>
    /// <param name="options">
    /// Where the engine is and which backend; null for what <see cref="Configure"/> said. The defaults find what came with the package and
    /// fits the machine.
    /// </param>
    /// <exception cref="SdException">
    /// <see cref="SdError.EngineIncompatible"/>: the engine is loaded already, and an option asks for another one; it is named.
    /// <see cref="SdError.EngineNotFound"/>: no native library, or the backend that was asked for has no driver or device here;
    /// <see cref="SdError.EngineIncompatible"/>; <see cref="SdError.InvalidArgument"/>: no build has that backend, those that are there are
    /// named; <see cref="SdError.NotSupported"/>: the engine build takes no plug-in or engine path.
    /// </exception>
    public static SdEngine Load(SdEngineOptions? options = null)
    {
        if (options is null && Volatile.Read(ref _loaded) is { } loaded)
            return loaded;
        lock (LoadLock)
        {
            if (_loaded is null)
                Volatile.Write(ref _loaded, LoadOnce(options ?? _configured ?? new SdEngineOptions()));
            else if (options is not null)
                _loaded.CheckSame(options);
            return _loaded!;
        }
    }

    /// <summary>
    /// Receives the engine's log lines that belong to no call; null turns it off. May be called on any thread, from the sink too; a line that
    /// is on its way may still reach the sink that was there before.
    /// </summary>
    /// <param name="sink">What to call for each line. Exceptions that it throws are dropped: there is no caller to give them to.</param>
    public static unsafe void SetLogSink(Action<SdLogLine>? sink)
    {
        Load();
        Volatile.Write(ref _sink, sink);
        NativeMethods.sdcpp_set_log_sink(sink is null ? null : &OnLog, 0);
    }

    /// <summary>
    /// Generates a small image that is known beforehand, with the demo model, and compares it: whether this engine generates correctly on this
    /// machine. Takes about a second on a CPU, and needs 35 MB on disk and 250 MB of memory meanwhile.
    /// </summary>
    /// <param name="device">One of <see cref="Devices"/> by name; null for the one that models get which name none.</param>
    /// <param name="modelDirectory">Where the demo model is or is written to, as <see cref="DemoModel.Write(string, CancellationToken)"/> does; null for a folder that is removed again.</param>
    /// <param name="cancellation">Stops the engine at its next step.</param>
    /// <returns>What came of it. A wrong image, a model that cannot be loaded and an image that cannot be generated are results, not exceptions.</returns>
    /// <exception cref="SdException"><see cref="SdError.InvalidArgument"/>: there is no such device; those that are there are named.</exception>
    /// <exception cref="IOException">The demo model could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<SelfTestResult> SelfTestAsync(
        string? device = null, string? modelDirectory = null, CancellationToken cancellation = default) =>
        new SelfTest(Devices, Info).RunAsync(SelfTest.Request, device, modelDirectory, cancellation);

    /// <summary>The edges of an image, for a ControlNet that was trained on them (<see cref="ControlImage"/>).</summary>
    /// <param name="image">3 channels, at least 3 × 3 pixels; only read.</param>
    /// <param name="detection">How they are looked for; null for the engine's own way.</param>
    /// <returns>An image of the same size; dispose it to give its memory back.</returns>
    /// <exception cref="SdException"><see cref="SdError.InvalidArgument"/> for a value out of range; <see cref="SdError.NotSupported"/> without the feature <c>canny</c> (<see cref="SdEngineInfo.Features"/>).</exception>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public unsafe ImageBuffer FindEdges(ImageBuffer image, EdgeDetection? detection = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (!Info.Features.Contains("canny"))
            throw new SdException(SdError.NotSupported, "This engine build cannot look for edges.");
        detection ??= new EdgeDetection();
        ImageBuffer edges = ImageBuffer.Create(image.Width, image.Height);
        try
        {
            NativeImage input = RequestMarshaller.ToNative(image);
            NativeError error = NativeStatus.NewError();
            int status = NativeMethods.sdcpp_canny(
                &input, detection.HighThreshold, detection.LowThreshold, detection.Weak, detection.Strong, detection.Inverse ? 1 : 0, (byte*)edges.Address, &error);
            GC.KeepAlive(image);
            NativeStatus.ThrowIfFailed(status, error);
            return edges;
        }
        catch
        {
            edges.Dispose();
            throw;
        }
    }

    private static unsafe SdEngine LoadOnce(SdEngineOptions options)
    {
        EngineChoice choice = NativeLoader.Load(EngineChoice.Make(options, EngineBuild.Find(options.NativeDirectory), NativeLoader.CanLoad, GraphicsCards.MayBeThere));
        CheckAbi();
        try
        {
            LoadNative(options, choice.PlugIn);
        }
        catch (SdException exception) when (choice.PlugIn is not null && choice.PlugIn != options.BackendPath && choice.Asked is null)
        {
            choice = choice with { Reason = $"{choice.Reason}, which could not be loaded ({exception.Message})" };
            LoadNative(options, plugIn: null);
        }

        NativeError error = NativeStatus.NewError();
        var info = new NativeEngineInfo { Size = (uint)sizeof(NativeEngineInfo) };
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_engine_get_info(&info, &error), error);
        var engine = new SdEngine(info, choice, options);
        engine.CheckAsked(choice);
        return engine;
    }

    private static unsafe void LoadNative(SdEngineOptions options, string? plugIn)
    {
        using var arena = new Utf8Arena();
        var parameters = new NativeEngineParams
        {
            Size = (uint)sizeof(NativeEngineParams),
            EnginePath = arena.Add(options.EnginePath, nameof(options.EnginePath)),
            BackendPath = arena.Add(plugIn, nameof(options.BackendPath)),
            CrashFile = arena.Add(options.CrashFile, nameof(options.CrashFile)),
        };
        NativeError error = NativeStatus.NewError();
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_engine_load(&parameters, &error), error);
    }

    // What is null asks for nothing.
    private void CheckSame(SdEngineOptions options)
    {
        string folder = Path.GetDirectoryName(Info.NativeLibraryPath)!;
        List<string> different = [];
        if (options.NativeDirectory is { } directory && Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)) != folder)
            different.Add($"{nameof(options.NativeDirectory)} is {directory}, the engine is that of {folder}");
        if (!string.IsNullOrWhiteSpace(options.Backend) && !Is(options.Backend, "auto") && !Is(options.Backend, Info.Backend) && !Is(options.Backend, Path.GetFileName(folder))
            && !Is(options.Backend, _options.Backend))
        {
            different.Add($"{nameof(options.Backend)} is {options.Backend}, the engine's is {Info.Backend}");
        }

        Compare(nameof(options.EnginePath), options.EnginePath, _options.EnginePath);
        Compare(nameof(options.BackendPath), options.BackendPath, _options.BackendPath);
        Compare(nameof(options.CrashFile), options.CrashFile, _options.CrashFile);
        if (different.Count == 0)
            return;
        throw new SdException(
            SdError.EngineIncompatible,
            $"The engine of this process is loaded already, with other options: {string.Join("; ", different)}. A process has one engine: call {nameof(SdEngine)}.{nameof(Configure)} or " +
            $"{nameof(SdEngine)}.{nameof(Load)} with the options before the first model is loaded.")
        { Option = different[0][..different[0].IndexOf(' ', StringComparison.Ordinal)] };

        static bool Is(string asked, string? name) => asked.Equals(name, StringComparison.OrdinalIgnoreCase);

        void Compare(string name, string? asked, string? loaded)
        {
            if (asked is not null && (loaded is null || Path.GetFullPath(asked) != Path.GetFullPath(loaded)))
                different.Add($"{name} is {asked}, the engine was loaded with {loaded ?? "none"}");
        }
    }

    // A driver may be there and no card, or a card that the engine does not take: only its devices tell.
    private void CheckAsked(EngineChoice choice)
    {
        if (choice.Asked is "cpu" or "vulkan" or "cuda" && Devices.Count > 0 && choice.Asked != Info.Backend)
        {
            throw new SdException(
                SdError.EngineNotFound,
                $"The backend {choice.Asked} was asked for, but {Info.NativeLibraryPath} has these devices: {NamesOf(Devices)}. " +
                (choice.Asked == "cpu"
                    ? "Use a build for the CPU, or name the device CPU when a model is loaded."
                    : "Look whether the card's driver is installed and sees the card, or ask for the backend cpu."));
        }
    }

    private static string BackendOf(IReadOnlyList<SdDevice> devices) =>
        devices.FirstOrDefault(device => !device.IsProcessor)?.Name.TrimEnd([.. "0123456789"]).ToLowerInvariant() ?? "cpu";

    private static string Outcome(IReadOnlyList<SdDevice> devices) => devices.All(device => device.IsProcessor)
        ? "; it has no graphics device and computes on the CPU."
        : $"; its devices are {NamesOf(devices)}.";

    private static string NamesOf(IReadOnlyList<SdDevice> devices) => string.Join(", ", devices.Select(device => $"{device.Name} ({device.Description})"));

    private static void CheckAbi()
    {
        uint abi;
        try
        {
            abi = NativeMethods.sdcpp_abi_version();
        }
        catch (EntryPointNotFoundException exception)
        {
            throw new SdException(
                SdError.EngineIncompatible, $"The file {NativeLoader.Path} is not this package's native library: {exception.Message}", exception);
        }

        if (abi != NativeMethods.AbiVersion)
        {
            throw new SdException(
                SdError.EngineIncompatible,
                $"The native library {NativeLoader.Path} has ABI version {abi}; this assembly needs {NativeMethods.AbiVersion}. Use both from one package.");
        }
    }

    private static unsafe List<SdDevice> ReadDevices()
    {
        nuint bytes = NativeMethods.sdcpp_engine_devices(null, 0);
        if (bytes == 0)
            return [];
        // A device may appear between the two calls: the second one cuts the list rather than overrun.
        var buffer = new byte[bytes];
        fixed (byte* to = buffer)
        {
            NativeMethods.sdcpp_engine_devices(to, bytes);
            return [.. Text(to).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ToDevice)];
        }
    }

    private static SdDevice ToDevice(string line)
    {
        string[] parts = line.Split('\t', 2);
        return new SdDevice(parts[0], parts.Length > 1 ? parts[1] : "");
    }

    private static unsafe Dictionary<string, SdLimit> ReadLimits()
    {
        var limits = new Dictionary<string, SdLimit>(StringComparer.Ordinal);
        NativeError error = NativeStatus.NewError();
        var limit = new NativeLimit { Size = (uint)sizeof(NativeLimit) };
        for (int i = 0; NativeMethods.sdcpp_limit_at(i, &limit, &error) == 0; i++)
            limits[OptionNames.PropertyOf(Text(limit.Name))!] = new SdLimit(limit.Low, limit.High);
        return limits;
    }

    private static unsafe List<string> ReadNames(delegate* managed<int, byte*> nameOf)
    {
        List<string> names = [];
        for (byte* name = nameOf(0); name is not null; name = nameOf(names.Count))
            names.Add(Text(name));
        return names;
    }

    private static unsafe string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnLog(int level, byte* text, nint user)
    {
        try
        {
            Volatile.Read(ref _sink)?.Invoke(new SdLogLine((SdLogLevel)level, Text(text)));
        }
        catch (Exception)
        {
            // It would end the process: this frame is called from native code.
        }
    }
}
