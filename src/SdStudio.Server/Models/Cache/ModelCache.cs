using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Events;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Cache;

/// <summary>
/// Keeps models loaded within a budget of memory: the next picture of any of them needs no loading. When there is no room, the one goes
/// whose loading costs least for the memory it takes, and never one that somebody draws with.
/// </summary>
internal sealed partial class ModelCache(
    EngineHost engineHost, ModelCatalogue catalogue, IModelMemoryStore memories, ModelFileCache facts, IOptions<StudioOptions> options, IEventLog events, TimeProvider time, ILogger<ModelCache> logger)
    : BackgroundService, IAsyncDisposable
{
    private const string Preload = "preload";
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly long _ram = options.Value.Models.MemoryMiB > 0
        ? options.Value.Models.MemoryMiB * 1024L * 1024
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _lock = new();
    private readonly List<LoadedModel> _residents = [];
    private volatile HashSet<string> _warmKeys = [];
    private readonly ConcurrentDictionary<string, string> _failures = new(StringComparer.Ordinal);
    private readonly Lazy<ConcurrentDictionary<string, ModelMemory>> _measured = new(() => new ConcurrentDictionary<string, ModelMemory>(memories.All(), StringComparer.Ordinal));
    private readonly ConcurrentDictionary<string, byte> _starting = new(StringComparer.Ordinal);
    private volatile TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _stop;

    /// <summary>Counts up whenever a model comes or goes.</summary>
    public int Version { get; private set; }

    /// <summary>What loaded models may take together.</summary>
    public ModelMemory Budget => new(_ram, engineHost.GraphicsMemory);

    /// <summary>What they take now.</summary>
    public ModelMemory Used => ModelMemory.Sum(Snapshot().Select(resident => resident.Memory));

    /// <summary>Whether a model needs no loading.</summary>
    public bool IsWarm(string id) => catalogue.Find(id) is { } model && _warmKeys.Contains(model.LoadKey);

    /// <summary>Whether a model is loaded and stays so until it is stopped.</summary>
    public bool IsPinned(ModelDefinition model) => Snapshot().Exists(resident => resident.IsPinned && resident.Key == model.LoadKey);

    /// <summary>The document's word for a model's state: stopped, starting, running, or error when it could not be loaded.</summary>
    public string StatusOf(string id) =>
        _starting.ContainsKey(id) ? "starting" : IsWarm(id) || catalogue.Find(id)?.Remote is not null ? "running" : _failures.ContainsKey(id) ? "error" : "stopped";

    /// <summary>Why a model could not be loaded when that was last tried; null when it could.</summary>
    public string? FailureOf(string id) => _failures.GetValueOrDefault(id);

    /// <summary>What a model takes: as measured when it was last loaded, or as its files say.</summary>
    /// <param name="model">The model.</param>
    /// <param name="files">Its files as they are now.</param>
    public (ModelMemory Memory, bool IsMeasured) Needed(ModelDefinition model, IReadOnlyList<FileInfo> files)
    {
        if (_measured.Value.TryGetValue(MeasureKey(model, files), out ModelMemory measured))
            return (measured, true);
        long weights = files.Sum(facts.MemoryOf);
        return (engineHost.GraphicsMemory > 0 && !model.IsOffloaded ? new ModelMemory(0, weights) : new ModelMemory(weights, 0), false);
    }

    /// <summary>Why a model cannot be loaded beside those that are pinned, with the numbers; null when it can.</summary>
    public string? CannotFit(ModelDefinition definition)
    {
        ModelMemory needed = Needed(definition, definition.FileInfos()).Memory;
        ModelMemory free = Budget - ModelMemory.Sum(Snapshot().Where(resident => resident.IsPinned).Select(resident => resident.Memory));
        return needed.FitsIn(free)
            ? null
            : $"Model {definition.Id} needs {needed} and {free} of {Budget} can be freed for it; stop pinned models, or raise SdStudio:Models:MemoryMiB.";
    }

    /// <summary>The model, loaded; it stays so until the lease is given back.</summary>
    /// <exception cref="SdException">It cannot be loaded, or it can never fit; the message has the numbers.</exception>
    public async Task<ModelLease> AcquireAsync(ModelDefinition definition, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        if (Take(definition) is { } there)
            return new ModelLease(this, there, TimeSpan.Zero);
        _starting[definition.Id] = 0;
        Tell(definition.Id);
        try
        {
            await _gate.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                // Somebody else may have loaded it meanwhile.
                if (Take(definition) is { } loaded)
                    return new ModelLease(this, loaded, TimeSpan.Zero);
                LoadedModel resident = await LoadWhereFitsAsync(definition, callbacks, cancellation).ConfigureAwait(false);
                return new ModelLease(this, resident, resident.Loading);
            }
            finally
            {
                _gate.Release();
            }
        }
        finally
        {
            _starting.TryRemove(definition.Id, out _);
            Changed();
            Tell(definition.Id);
        }
    }

    /// <summary>Begins to load a model and does not wait for it: its status says how that went.</summary>
    public void Begin(ModelDefinition model, bool pin) => _ = LoadOrLogAsync(model, pin, _stop);

    /// <summary>Loads a model for whoever will draw with it.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="pin">Whether it stays until it is stopped.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task StartAsync(ModelDefinition definition, bool pin, CancellationToken cancellation)
    {
        await using ModelLease lease = await AcquireAsync(definition, callbacks: null, cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (LoadedModel resident in _residents.Where(resident => resident.Key == definition.LoadKey))
                resident.IsPinned |= pin;
        }

        if (pin)
            Tell(definition.Id);
    }

    /// <summary>Frees a model: at once, or when the picture that is being drawn with it has ended.</summary>
    public async Task StopAsync(ModelDefinition definition)
    {
        LoadedModel? resident;
        lock (_lock)
        {
            resident = _residents.Find(resident => resident.Key == definition.LoadKey);
            if (resident is not null)
                (resident.IsStopping, resident.IsPinned) = (true, false);
        }

        await FreeAsync(resident is { InUse: 0 } ? [resident] : []).ConfigureAwait(false);
    }

    /// <summary>Frees every model that nobody draws with, the pinned ones too.</summary>
    /// <param name="but">The one that stays; null for none.</param>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> StopAllAsync(ModelDefinition? but = null)
    {
        List<LoadedModel> leaving = Snapshot().FindAll(resident => resident.InUse == 0 && resident.Key != but?.LoadKey);
        await FreeAsync(leaving).ConfigureAwait(false);
        return leaving.Count > 0;
    }

    /// <summary>Somebody has drawn with a model.</summary>
    public async ValueTask ReturnAsync(LoadedModel resident)
    {
        bool isOver;
        lock (_lock)
        {
            resident.InUse--;
            resident.LastUsed = time.GetTimestamp();
            isOver = resident is { InUse: 0, IsStopping: true };
        }

        if (isOver)
            await FreeAsync([resident]).ConfigureAwait(false);
        Interlocked.Exchange(ref _returned, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stop = stoppingToken;
        try
        {
            await engineHost.Ready.WaitAsync(stoppingToken).ConfigureAwait(false);
            foreach (ModelDefinition model in catalogue.Models.Where(model => model is { Mode: Preload, Unsupported: null, Remote: null }))
                await LoadOrLogAsync(model, pin: true, stoppingToken).ConfigureAwait(false);
            using var timer = new PeriodicTimer(LookEvery, time);
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
                await FreeAsync(Snapshot().FindAll(IsIdleTooLong)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SdException)
        {
            // The server stops, or there is no engine: nothing is loaded and nothing to free.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LoadedModel resident in Snapshot())
            await resident.Model.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
        Dispose();
    }

    private async Task LoadOrLogAsync(ModelDefinition model, bool pin, CancellationToken stop)
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
            // Nobody waits for this task: what goes wrong in it is told here or nowhere.
            LogNotLoaded(model.Id, exception.Message);
        }
    }

    private LoadedModel? Take(ModelDefinition definition)
    {
        lock (_lock)
        {
            LoadedModel? resident = _residents.Find(resident => resident.Key == definition.LoadKey && !resident.IsStopping);
            if (resident is not null)
            {
                resident.InUse++;
                resident.Uses++;
                resident.Autostop = definition.Autostop;
            }

            return resident;
        }
    }

    private async Task<LoadedModel> LoadWhereFitsAsync(ModelDefinition definition, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        try
        {
            await MakeRoomAsync(definition, cancellation).ConfigureAwait(false);
            LoadedModel resident = await LoadAsync(definition, callbacks, cancellation).ConfigureAwait(false);
            _failures.TryRemove(definition.Id, out _);
            return resident;
        }
        catch (SdException exception)
        {
            _failures[definition.Id] = exception.Message;
            throw;
        }
    }

    // Told before anything is evicted: what can never fit costs nobody a warm model.
    private async Task MakeRoomAsync(ModelDefinition definition, CancellationToken cancellation)
    {
        if (CannotFit(definition) is { } reason)
            throw new SdException(SdError.NotSupported, reason);
        ModelMemory needed = Needed(definition, definition.FileInfos()).Memory;
        while (true)
        {
            Task returned = _returned.Task;
            if (await FreeUntilAsync(Budget - needed).ConfigureAwait(false) || !Snapshot().Exists(resident => resident.InUse > 0))
                return;
            // The rest of the room is where somebody draws now.
            await returned.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    // The least valuable first.
    private async Task<bool> FreeUntilAsync(ModelMemory allowed)
    {
        List<LoadedModel> residents = Snapshot();
        ModelMemory taken = ModelMemory.Sum(residents.Select(resident => resident.Memory));
        List<LoadedModel> leave = [];
        foreach (LoadedModel least in residents.Where(resident => resident is { IsPinned: false, InUse: 0 }).OrderBy(resident => resident.Value).ThenBy(resident => resident.LastUsed))
        {
            if (taken.FitsIn(allowed))
                break;
            leave.Add(least);
            taken -= least.Memory;
        }

        await FreeAsync(leave).ConfigureAwait(false);
        return taken.FitsIn(allowed);
    }

    private async Task<LoadedModel> LoadAsync(ModelDefinition definition, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        // The engine's own load is not the model's.
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation).ConfigureAwait(false);
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
        DiffusionModel model = await DiffusionModel.LoadAsync(LoadOptions(definition, engine), listening, cancellation).ConfigureAwait(false);
        TimeSpan took = time.GetElapsedTime(start);
        // Memory that was free in the heap shows as no growth: the engine's own count, or an earlier load, is the better measure then.
        ModelMemory last = Needed(definition, definition.FileInfos()) is (var known, true) ? known : default;
        var memory = new ModelMemory(Math.Max(Environment.WorkingSet - before, Math.Max(told.Ram, last.Ram)), told.Vram);
        var resident = new LoadedModel(definition, model, memory, took) { InUse = 1, Uses = 1, LastUsed = time.GetTimestamp() };
        lock (_lock)
            _residents.Add(resident);
        LogLoaded(definition.Id, model.Family, (long)took.TotalMilliseconds, memory);
        await KeepAsync(definition, memory, cancellation).ConfigureAwait(false);
        // It took more than its files told.
        await FreeUntilAsync(Budget).ConfigureAwait(false);
        return resident;
    }

    private async Task KeepAsync(ModelDefinition definition, ModelMemory memory, CancellationToken cancellation)
    {
        string key = MeasureKey(definition, definition.FileInfos());
        _measured.Value[key] = memory;
        try
        {
            await memories.SaveAsync(key, memory, cancellation).ConfigureAwait(false);
        }
        catch (StorageUnavailableException exception)
        {
            // A model that is loaded draws, whatever became of the note about it.
            LogNotKept(definition.Id, exception.Message);
        }
    }

    // Placements are for machines with a graphics card; where there is only the processor they name what is not there.
    private DiffusionModelOptions LoadOptions(ModelDefinition definition, SdEngine engine)
    {
        DiffusionModelOptions load = definition.Options.Threads > 0 ? definition.Options : definition.Options with { Threads = options.Value.Threads };
        bool onlyProcessor = engine.Devices.All(device => device.Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase));
        // People put the small decoder where the large one belongs; the engine wants each in its own place.
        if (load is { VaePath: { } vae, TaesdPath: null } && facts.Of(ModelFileCache.At(vae)) is { Role: ModelRole.Taesd })
            load = load with { VaePath = null, TaesdPath = vae };
        return onlyProcessor ? load with { Backend = null, ParamsBackend = null, MaxVram = null } : load;
    }

    private bool IsIdleTooLong(LoadedModel resident) =>
        resident is { IsPinned: false, InUse: 0, Autostop: { } limit } && time.GetElapsedTime(resident.LastUsed) > limit;

    private async Task FreeAsync(List<LoadedModel> leaving)
    {
        foreach (LoadedModel resident in leaving)
        {
            lock (_lock)
            {
                // Somebody may have taken it a moment ago.
                if (resident.InUse > 0 || !_residents.Remove(resident))
                    continue;
            }

            await resident.Model.DisposeAsync().ConfigureAwait(false);
            Changed();
            LogFreed(resident.Id, resident.Memory);
            Tell(resident.Id);
        }
    }

    private List<LoadedModel> Snapshot()
    {
        lock (_lock)
            return [.. _residents];
    }

    private void Changed()
    {
        _warmKeys = [.. Snapshot().Select(resident => resident.Key)];
        Version++;
    }

    private void Tell(string id) => events.Publish(
        EventChannel.Models, "model_status_changed", owner: null,
        JsonSerializer.SerializeToUtf8Bytes(new ModelStatusView(id, StatusOf(id)), ModelJson.Default.ModelStatusView));

    // Other weights under the same names are another model.
    private static string MeasureKey(ModelDefinition model, IReadOnlyList<FileInfo> files) => $"{model.LoadKey}\n{files.Sum(file => file.Exists ? file.Length : 0)}";

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} ({Family}) loaded in {Milliseconds} ms; it takes {Memory}")]
    private partial void LogLoaded(string model, string family, long milliseconds, ModelMemory memory);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} was freed: {Memory}")]
    private partial void LogFreed(string model, ModelMemory memory);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Model} could not be loaded: {Reason}")]
    private partial void LogNotLoaded(string model, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What model {Model} takes was measured and not kept: {Reason}")]
    private partial void LogNotKept(string model, string reason);
}

/// <summary>What the event tells.</summary>
internal sealed record ModelStatusView([property: JsonPropertyName("modelId")] string ModelId, [property: JsonPropertyName("status")] string Status);

/// <summary>The JSON of what events tell about models.</summary>
[JsonSerializable(typeof(ModelStatusView))]
internal sealed partial class ModelJson : JsonSerializerContext;
