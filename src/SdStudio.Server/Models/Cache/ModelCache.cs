using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Models.Cache;

/// <summary>The models in memory, on whatever device: what the API says of them and does with them.</summary>
internal sealed partial class ModelCache(
    ComputeDevices devices, ModelCatalogue catalogue, ModelLoader loader, MemoryBudget budget, ModelStates states, TimeProvider time, ILogger<ModelCache> logger) : IAsyncDisposable
{
    /// <summary>It fits.</summary>
    public const string Fits = "yes";

    /// <summary>It fits when its weights stay in RAM and the card computes with them.</summary>
    public const string FitsOffloaded = "with offload";

    /// <summary>It does not fit.</summary>
    public const string FitsNot = "no";

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private IReadOnlyList<DeviceModels> _perDevice = [];
    private int _version;

    /// <summary>Counts up whenever a model is loaded or unloaded.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Ends when the devices are known; fails with an <see cref="SdException"/> when the engine cannot be loaded.</summary>
    public Task Ready => devices.Ready;

    /// <summary>The devices with their models; none while the engine is not loaded.</summary>
    public IReadOnlyList<DeviceModels> Devices
    {
        get
        {
            if (_perDevice.Count > 0 || devices.All.Count == 0)
                return _perDevice;
            lock (_lock)
            {
                return _perDevice.Count > 0 ? _perDevice : _perDevice =
                    [.. devices.All.Select(device => new DeviceModels(device, loader, budget, states, time, Changed, logger))];
            }
        }
    }

    /// <summary>What loaded models may take together: the machine's memory, and what the devices have.</summary>
    public ModelMemory Budget => new(budget.Ram, Devices.Sum(device => device.Budget.Vram));

    /// <summary>What they take now.</summary>
    public ModelMemory Used => ModelMemory.Sum(Devices.Select(device => device.Used));

    /// <summary>Whether a model needs no loading on one of the devices.</summary>
    public bool IsWarm(string id) => catalogue.Find(id) is { } model && Devices.Any(device => device.Has(model.LoadKey));

    /// <summary>Whether a model is in memory and stays so until it is stopped.</summary>
    public bool IsPinned(ModelDefinition model) => Devices.Any(device => device.IsPinned(model));

    /// <summary>The document's word for a model's state: stopped, starting, running, or error when it could not be loaded.</summary>
    public string StatusOf(string id) =>
        states.IsStarting(id) ? "starting" : IsWarm(id) || catalogue.Find(id)?.Remote is not null ? "running" : states.FailureOf(id) is null ? "stopped" : "error";

    /// <summary>Why a model could not be loaded when that was last tried; null when it could.</summary>
    public string? FailureOf(string id) => states.FailureOf(id);

    /// <summary>What a model takes on the first device: as measured when it was last loaded, or as its files say.</summary>
    /// <param name="model">The model.</param>
    /// <param name="files">Its files as they are now.</param>
    public (ModelMemory Memory, bool IsMeasured) Needed(ModelDefinition model, IReadOnlyList<FileInfo> files) =>
        budget.Needed(model, Devices is [{ } first, ..] ? first.Device : ComputeDevices.Unknown, files);

    /// <summary>Whether the machine has memory for a model when no other one is loaded: <see cref="Fits"/>, <see cref="FitsOffloaded"/> or <see cref="FitsNot"/>.</summary>
    public string FitOf(ModelMemory needed)
    {
        long bytes = needed.Ram + needed.Vram;
        List<(ComputeDevice Device, ModelMemory Budget)> all = [.. Devices.Select(models => (models.Device, models.Budget))];
        if (all.Count == 0)
            return bytes <= budget.Ram ? Fits : FitsNot;
        if (all.Exists(device => bytes <= (device.Device.Kind == DeviceKind.Graphics ? device.Budget.Vram : device.Budget.Ram)))
            return Fits;
        return all.Exists(device => device.Device.Kind == DeviceKind.Graphics && bytes <= device.Budget.Ram) ? FitsOffloaded : FitsNot;
    }

    /// <summary>Weights where they would lie on the first device.</summary>
    public ModelMemory Placed(ModelDefinition model, long bytes) => Devices is [{ Device.Kind: DeviceKind.Graphics }, ..] && !model.IsOffloaded ? new(0, bytes) : new(bytes, 0);

    /// <summary>Why a model cannot be loaded on any device, with the numbers of the one that comes closest; null when it can.</summary>
    public string? CannotFit(ModelDefinition definition)
    {
        string? reason = null;
        foreach (DeviceModels device in Devices.OrderBy(device => device.Budget.Ram + device.Budget.Vram))
        {
            reason = device.CannotFit(definition);
            if (reason is null)
                return null;
        }

        return reason;
    }

    /// <summary>Begins to load a model and does not wait for it: its status says how that went.</summary>
    public void Begin(ModelDefinition model, bool pin) => _ = LoadOrLogAsync(model, pin, _stop.Token);

    /// <summary>Loads a model for whoever will use it, where it fits best.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="pin">Whether it stays until it is stopped.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="SdException">It cannot be loaded.</exception>
    public async Task StartAsync(ModelDefinition definition, bool pin, CancellationToken cancellation)
    {
        DeviceModels device = await DeviceForAsync(definition, cancellation).ConfigureAwait(false);
        await using ModelLease lease = await device.AcquireAsync(definition, callbacks: null, cancellation).ConfigureAwait(false);
        if (!pin)
            return;
        device.Pin(definition);
        Changed(definition.Id);
    }

    /// <summary>Unloads a model: at once, or when the image that is being generated with it has ended.</summary>
    public async Task StopAsync(ModelDefinition definition)
    {
        foreach (DeviceModels device in Devices)
            await device.StopAsync(definition).ConfigureAwait(false);
    }

    /// <summary>Unloads every model that is not in use, the pinned ones too.</summary>
    /// <param name="but">The one that stays; null for none.</param>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> StopAllAsync(ModelDefinition? but = null)
    {
        bool any = false;
        foreach (DeviceModels device in Devices)
            any |= await device.StopAllAsync(but).ConfigureAwait(false);
        return any;
    }

    /// <summary>The server stops: nothing more is loaded that nobody waits for.</summary>
    public Task StopLoadingAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (DeviceModels device in _perDevice)
            await device.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Loads a model; what goes wrong is logged.</summary>
    public async Task LoadOrLogAsync(ModelDefinition model, bool pin, CancellationToken stop)
    {
        try
        {
            await StartAsync(model, pin, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        catch (Exception exception)
        {
            // Nobody awaits this task: its errors are logged here or nowhere.
            LogNotLoaded(model.Id, exception.Message);
        }
    }

    // The device that has it, else one where it fits beside the others, else the one with the most free memory.
    private async Task<DeviceModels> DeviceForAsync(ModelDefinition definition, CancellationToken cancellation)
    {
        await devices.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        return Devices.FirstOrDefault(device => device.Has(definition.LoadKey))
            ?? Devices.OrderBy(device => device.CannotFit(definition) is null ? 0 : 1)
                .ThenByDescending(device => device.Budget.Ram + device.Budget.Vram - device.Used.Ram - device.Used.Vram).First();
    }

    private void Changed(string? id)
    {
        Interlocked.Increment(ref _version);
        if (id is not null)
            states.Announce(id, StatusOf(id));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Model} could not be loaded: {Reason}")]
    private partial void LogNotLoaded(string model, string reason);
}
