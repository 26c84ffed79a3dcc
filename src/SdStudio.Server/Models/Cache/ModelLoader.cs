using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Models.Cache;

/// <summary>Loads models and upscalers, and measures what that takes.</summary>
internal sealed partial class ModelLoader(
    EngineHost engineHost, ModelFileCache files, ModelMeasurements measured, TimeProvider time, ILogger<ModelLoader> logger) : IDisposable
{
    // Two loads at once cannot be measured, and the engine's log mixes up their lines.
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <param name="key">What it is known by, wherever its weights are placed.</param>
    /// <param name="definition">The model.</param>
    /// <param name="device">Where it is loaded.</param>
    /// <param name="callbacks">Told of the load.</param>
    /// <param name="cancellation">Ends the load.</param>
    /// <exception cref="SdException">It cannot be loaded; the message has the reason.</exception>
    public async Task<LoadedModel> LoadAsync(string key, ModelDefinition definition, ComputeDevice device, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        // The engine's own load is not the model's.
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        DiffusionModelOptions options = OptionsFor(definition, device, engine);
        LoadedModel loaded = await MeasureAsync(
            callbacks,
            (told, growth) => MeasuredMemory(definition, device, told, growth),
            key, definition.Id,
            async listening => await DiffusionModel.LoadAsync(options, listening, cancellation).ConfigureAwait(false),
            cancellation).ConfigureAwait(false);
        loaded.Autostop = definition.Autostop;
        loaded.AreWeightsInRam = key != definition.LoadKey;
        await measured.KeepAsync(definition, device.Kind, loaded.Memory, cancellation).ConfigureAwait(false);
        LogLoaded(definition.Id, ((DiffusionModel)loaded.Engine).Family, device.Id, (long)loaded.Loading.TotalMilliseconds, loaded.Memory);
        return loaded;
    }

    /// <exception cref="SdException">It cannot be loaded; the message has the reason.</exception>
    public Task<LoadedModel> LoadUpscalerAsync(string path, ComputeDevice device, SdCallbacks? callbacks, CancellationToken cancellation) => MeasureAsync(
        callbacks,
        (_, _) => measured.OfFile(path, device.Kind),
        UpscalerKey(path), Path.GetFileName(path),
        async listening => await Upscaler.LoadAsync(
            new UpscalerOptions(path) { Threads = device.Threads, Backend = device.EngineName }, listening, cancellation).ConfigureAwait(false),
        cancellation);

    public static string UpscalerKey(string path) => "upscaler\n" + path;

    public void Dispose() => _one.Dispose();

    private async Task<LoadedModel> MeasureAsync(
        SdCallbacks? callbacks, Func<ModelMemory, long, ModelMemory> memoryOf, string key, string id, Func<SdCallbacks, Task<object>> load, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            long start = time.GetTimestamp();
            long before = Environment.WorkingSet;
            ModelMemory told = default;
            Action<SdLogLine>? log = callbacks?.Log;
            SdCallbacks listening = (callbacks ?? new SdCallbacks()) with
            {
                Log = line =>
                {
                    told = ModelMemory.OfEngineLine(line.Text) ?? told;
                    log?.Invoke(line);
                },
            };
            object engine = await load(listening).ConfigureAwait(false);
            return new LoadedModel(key, id, engine, memoryOf(told, Environment.WorkingSet - before), time.GetElapsedTime(start))
            {
                InUse = 1, Uses = 1, LastUsed = time.GetTimestamp(),
            };
        }
        finally
        {
            _one.Release();
        }
    }

    // Memory that was free in the heap shows as no growth: the engine's own count, or an earlier load, is the better measure then.
    private ModelMemory MeasuredMemory(ModelDefinition definition, ComputeDevice device, ModelMemory told, long growth)
    {
        ModelMemory last = measured.Of(definition, device.Kind, definition.FileInfos()) is (var known, true) ? known : default;
        return new ModelMemory(Math.Max(growth, Math.Max(told.Ram, last.Ram)), told.Vram);
    }

    private DiffusionModelOptions OptionsFor(ModelDefinition definition, ComputeDevice device, SdEngine engine)
    {
        DiffusionModelOptions load = definition.Options.Threads > 0 ? definition.Options : definition.Options with { Threads = device.Threads };
        // People put the small decoder where the large one belongs; the engine wants each in its own place.
        if (load is { VaePath: { } vae } && (load.TaesdPath is null || load.TaesdForPreviewsOnly) && files.Of(ModelFileCache.At(vae)) is { Role: ModelRole.Taesd })
            load = load with { VaePath = null, TaesdPath = vae, TaesdForPreviewsOnly = false };
        // Placements are for machines with a graphics card; where there is only the CPU they name what does not exist.
        bool hasGraphics = engine.Devices.Any(known => !known.Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase));
        if (device.Kind == DeviceKind.Cpu)
            return load with { Backend = hasGraphics ? "cpu" : null, ParamsBackend = null, MaxVram = null };
        return device.EngineName is { } name ? load with { Backend = Placed(load.Backend, name) } : load;
    }

    // What an entry places by itself stays there, the rest goes to the device.
    private static string Placed(string? backend, string device) =>
        string.IsNullOrEmpty(backend) ? device : backend.Contains('=', StringComparison.Ordinal) ? $"*={device},{backend}" : backend;

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} ({Family}) loaded on {Device} in {Milliseconds} ms; it takes {Memory}")]
    private partial void LogLoaded(string model, string family, string device, long milliseconds, ModelMemory memory);
}
