using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>The engine inside this process: loaded once, shared by every model.</summary>
public sealed class SdEngine
{
    private static readonly Lock LoadLock = new();
    private static SdEngine? _loaded;
    private static Action<SdLogLine>? _sink;

    private SdEngine(SdEngineInfo info)
    {
        Info = info;
        Devices = ReadDevices();
        CanConvert = NativeMethods.sdcpp_can_convert() == 1;
        unsafe
        {
            Samplers = ReadNames(&NativeMethods.sdcpp_sampler_name);
            Schedulers = ReadNames(&NativeMethods.sdcpp_scheduler_name);
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
    /// Loads the engine, and proves that its struct layout is the one the native library was compiled for. Only the first call of a
    /// process loads; later ones return the same engine and their options are not looked at.
    /// </summary>
    /// <param name="options">Where the engine is; the defaults find the one that came with the package.</param>
    /// <exception cref="SdException"><see cref="SdError.EngineNotFound"/>, <see cref="SdError.EngineIncompatible"/>.</exception>
    public static SdEngine Load(SdEngineOptions? options = null)
    {
        lock (LoadLock)
            return _loaded ??= LoadOnce(options ?? new SdEngineOptions());
    }

    /// <summary>Receives the engine's log lines that belong to no call; null turns it off. May be called on any thread.</summary>
    /// <param name="sink">What to call for each line. Exceptions that it throws are dropped: there is no caller to give them to.</param>
    public static unsafe void SetLogSink(Action<SdLogLine>? sink)
    {
        Load();
        Volatile.Write(ref _sink, sink);
        NativeMethods.sdcpp_set_log_sink(sink is null ? null : &OnLog, 0);
    }

    private static unsafe SdEngine LoadOnce(SdEngineOptions options)
    {
        NativeLoader.Locate(options.NativeDirectory);
        CheckAbi();
        using var arena = new Utf8Arena();
        var parameters = new NativeEngineParams
        {
            Size = (uint)sizeof(NativeEngineParams),
            EnginePath = arena.Add(options.EnginePath, nameof(options.EnginePath)),
            BackendPath = arena.Add(options.BackendPath, nameof(options.BackendPath)),
            CrashFile = arena.Add(options.CrashFile, nameof(options.CrashFile)),
        };
        NativeError error = NativeStatus.NewError();
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_engine_load(&parameters, &error), error);
        var info = new NativeEngineInfo { Size = (uint)sizeof(NativeEngineInfo) };
        NativeStatus.ThrowIfFailed(NativeMethods.sdcpp_engine_get_info(&info, &error), error);
        return new SdEngine(new SdEngineInfo(
            Text(info.Provider), Text(info.Version), Text(info.Commit), Text(info.SystemInfo).Trim(), NativeLoader.Path));
    }

    private static void CheckAbi()
    {
        uint abi;
        try
        {
            abi = NativeMethods.sdcpp_abi_version();
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw new SdException(
                SdError.EngineNotFound, $"The native library {NativeLoader.Path} cannot be loaded: {exception.Message}", exception);
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
