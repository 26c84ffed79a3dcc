using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Models.Cache;

/// <summary>
/// The models in memory for one device, within its budget: the next image of any of them needs no loading. When there is no room, the one is
/// unloaded whose loading costs least for the memory it takes, and never one that is in use.
/// </summary>
internal sealed partial class DeviceModels(
    ComputeDevice device, ModelLoader loader, MemoryBudget budget, ModelStates states, TimeProvider time, Action<string?> changed, ILogger logger) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _lock = new();
    private readonly List<LoadedModel> _loaded = [];
    private volatile HashSet<string> _keys = [];
    private volatile TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ComputeDevice Device => device;

    /// <summary>What its models may take together.</summary>
    public ModelMemory Budget => budget.Of(device, Used);

    /// <summary>What they take now.</summary>
    public ModelMemory Used => ModelMemory.Sum(Snapshot().Select(loaded => loaded.Memory));

    /// <summary>The ids of the models in memory.</summary>
    public IEnumerable<string> Ids => Snapshot().Where(loaded => loaded.IsModel).Select(loaded => loaded.Id);

    public bool Has(string key) => _keys.Contains(key);

    public bool IsPinned(ModelDefinition model) => Snapshot().Exists(loaded => loaded.IsPinned && loaded.Key == model.LoadKey);

    /// <summary>Whether a model can be loaded beside those that are pinned, with its weights where its entry has them.</summary>
    public bool Fits(ModelDefinition definition) => NeededBy(definition).FitsIn(Freeable);

    /// <summary>Why a model cannot be loaded beside those that are pinned, not even with its weights in RAM, with the numbers; null when it can.</summary>
    public string? CannotFit(ModelDefinition definition)
    {
        ModelMemory needed = NeededBy(definition);
        ModelMemory free = Freeable;
        return needed.FitsIn(free) || NeededBy(Placed(definition)).FitsIn(free)
            ? null
            : $"Model {definition.Id} needs {needed} and {free} of {Budget} can be freed for it; stop pinned models, {Remedy(needed, free)}.";
    }

    // What its pinned models leave.
    private ModelMemory Freeable => Budget - ModelMemory.Sum(Snapshot().Where(loaded => loaded.IsPinned).Select(loaded => loaded.Memory));

    // Weights that are larger than the card's memory lie in RAM, from where the engine fetches them for each step. Where an entry places them itself, it knows better.
    private ModelDefinition Placed(ModelDefinition definition) => device.Kind == DeviceKind.Graphics && definition.LeavesPlacement && !Fits(definition)
        ? definition with { Options = definition.Options with { ParamsBackend = "cpu" } }
        : definition;

    private string Remedy(ModelMemory needed, ModelMemory free) =>
        device.MemoryBytes > 0 ? $"or raise MemoryMiB of {device.Id} in SdStudio:Devices"
        : needed.Vram > free.Vram ? "close what else uses the card, or take a smaller quantization of it"
        : "or raise SdStudio:Models:MemoryMiB";

    /// <summary>The model, loaded; it stays so until the lease is given back.</summary>
    /// <exception cref="SdException">It cannot be loaded, or it can never fit; the message has the numbers.</exception>
    public async Task<ModelLease> AcquireAsync(ModelDefinition definition, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        if (Take(definition.LoadKey, definition.Autostop) is { } there)
            return new ModelLease(this, there, TimeSpan.Zero);
        ModelDefinition placed = Placed(definition);
        states.Begin(definition.Id);
        changed(definition.Id);
        try
        {
            ModelLease lease = await AcquireAsync(
                definition.LoadKey, definition.Autostop, () => RefusalOf(definition), NeededBy(placed),
                () => loader.LoadAsync(definition.LoadKey, placed, device, callbacks, cancellation), cancellation).ConfigureAwait(false);
            states.Loaded(definition.Id);
            return lease;
        }
        catch (SdException exception)
        {
            states.Failed(definition.Id, exception.Message);
            throw;
        }
        finally
        {
            states.End(definition.Id);
            changed(definition.Id);
        }
    }

    /// <summary>The upscaler in a file, loaded; it stays so until the lease is given back.</summary>
    /// <exception cref="SdException">It cannot be loaded.</exception>
    public Task<ModelLease> AcquireUpscalerAsync(string path, SdCallbacks? callbacks, CancellationToken cancellation) => AcquireAsync(
        ModelLoader.UpscalerKey(path), autostop: null, () => null, budget.OfFile(path, device),
        () => loader.LoadUpscalerAsync(path, device, callbacks, cancellation), cancellation);

    /// <summary>Makes room beside a model in use, as far as others can leave: it cannot wait for itself.</summary>
    public async Task LoadBesideAsync(LoadedModel loaded, string? path, CancellationToken cancellation)
    {
        ModelMemory needed = path is null ? default : budget.OfFile(path, device);
        if (needed == loaded.Beside)
            return;
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            lock (_lock)
                loaded.Beside = needed;
            await UnloadUntilAsync(Budget).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }

        changed(null);
    }

    /// <summary>Keeps a loaded model until it is stopped.</summary>
    public void Pin(ModelDefinition definition)
    {
        lock (_lock)
        {
            foreach (LoadedModel loaded in _loaded.Where(loaded => loaded.Key == definition.LoadKey))
                loaded.IsPinned = true;
        }
    }

    /// <summary>Unloads a model: at once, or when the image that is being generated with it has ended.</summary>
    public async Task StopAsync(ModelDefinition definition)
    {
        List<LoadedModel> leaving;
        lock (_lock)
        {
            leaving = _loaded.FindAll(loaded => loaded.Key == definition.LoadKey);
            foreach (LoadedModel loaded in leaving)
                (loaded.IsStopping, loaded.IsPinned) = (true, false);
        }

        await UnloadAsync(leaving).ConfigureAwait(false);
    }

    /// <summary>Unloads everything that is not in use, the pinned models too.</summary>
    /// <param name="but">The model that stays; null for none.</param>
    /// <returns>Whether there was anything.</returns>
    public async Task<bool> StopAllAsync(ModelDefinition? but)
    {
        List<LoadedModel> leaving = Snapshot().FindAll(loaded => loaded.InUse == 0 && loaded.Key != but?.LoadKey);
        await UnloadAsync(leaving).ConfigureAwait(false);
        return leaving.Count > 0;
    }

    /// <summary>Unloads what was not used for as long as it may stay.</summary>
    public Task StopIdleAsync() => UnloadAsync(Snapshot().FindAll(loaded =>
        loaded is { IsPinned: false, InUse: 0, Autostop: { } limit } && time.GetElapsedTime(loaded.LastUsed) > limit));

    /// <summary>A lease was given back.</summary>
    public async ValueTask ReturnAsync(LoadedModel loaded)
    {
        bool isOver;
        lock (_lock)
        {
            loaded.InUse--;
            loaded.LastUsed = time.GetTimestamp();
            isOver = loaded is { InUse: 0, IsStopping: true };
        }

        if (isOver)
            await UnloadAsync([loaded]).ConfigureAwait(false);
        Interlocked.Exchange(ref _returned, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LoadedModel loaded in Snapshot())
            await ((IAsyncDisposable)loaded.Engine).DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }

    private ModelMemory NeededBy(ModelDefinition definition) => budget.Needed(definition, device, definition.FileInfos()).Memory;

    private SdException? RefusalOf(ModelDefinition definition) =>
        CannotFit(definition) is { } reason ? new SdException(SdError.NotSupported, reason) : null;

    private async Task<ModelLease> AcquireAsync(
        string key, TimeSpan? autostop, Func<SdException?> refusal, ModelMemory needed, Func<Task<LoadedModel>> load, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // Somebody else may have loaded it meanwhile.
            if (Take(key, autostop) is { } there)
                return new ModelLease(this, there, TimeSpan.Zero);
            // Refused before anything is unloaded: what can never fit costs nobody a warm model.
            if (refusal() is { } refused)
                throw refused;
            await MakeRoomAsync(needed, cancellation).ConfigureAwait(false);
            LoadedModel loaded = await load().ConfigureAwait(false);
            lock (_lock)
            {
                _loaded.Add(loaded);
                _keys = [.. _loaded.Select(model => model.Key)];
            }

            changed(null);
            // It took more memory than its files suggested.
            await UnloadUntilAsync(Budget).ConfigureAwait(false);
            return new ModelLease(this, loaded, loaded.Loading);
        }
        finally
        {
            _gate.Release();
        }
    }

    private LoadedModel? Take(string key, TimeSpan? autostop)
    {
        lock (_lock)
        {
            LoadedModel? loaded = _loaded.Find(loaded => loaded.Key == key && !loaded.IsStopping);
            if (loaded is not null)
            {
                loaded.InUse++;
                loaded.Uses++;
                loaded.Autostop = autostop;
            }

            return loaded;
        }
    }

    private async Task MakeRoomAsync(ModelMemory needed, CancellationToken cancellation)
    {
        while (true)
        {
            Task returned = _returned.Task;
            if (await UnloadUntilAsync(Budget - needed).ConfigureAwait(false) || !Snapshot().Exists(loaded => loaded.InUse > 0))
                return;
            // The rest of the room is in use now.
            await returned.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    // The least valuable first.
    private async Task<bool> UnloadUntilAsync(ModelMemory allowed)
    {
        List<LoadedModel> all = Snapshot();
        ModelMemory taken = ModelMemory.Sum(all.Select(loaded => loaded.Memory));
        List<LoadedModel> leave = [];
        foreach (LoadedModel least in all.Where(loaded => loaded is { IsPinned: false, InUse: 0 }).OrderBy(loaded => loaded.Value).ThenBy(loaded => loaded.LastUsed))
        {
            if (taken.FitsIn(allowed))
                break;
            leave.Add(least);
            taken -= least.Memory;
        }

        await UnloadAsync(leave).ConfigureAwait(false);
        return taken.FitsIn(allowed);
    }

    private async Task UnloadAsync(List<LoadedModel> leaving)
    {
        foreach (LoadedModel loaded in leaving)
        {
            lock (_lock)
            {
                // Somebody may have taken it a moment ago.
                if (loaded.InUse > 0 || !_loaded.Remove(loaded))
                    continue;
                _keys = [.. _loaded.Select(model => model.Key)];
            }

            await ((IAsyncDisposable)loaded.Engine).DisposeAsync().ConfigureAwait(false);
            LogUnloaded(loaded.Id, device.Id, loaded.Memory);
            changed(loaded.IsModel ? loaded.Id : null);
        }
    }

    private List<LoadedModel> Snapshot()
    {
        lock (_lock)
            return [.. _loaded];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} was unloaded from {Device}: {Memory}")]
    private partial void LogUnloaded(string model, string device, ModelMemory memory);
}
