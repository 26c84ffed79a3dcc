using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Events;
using SdStudio.Server.Storage;

namespace SdStudio.Server.Models;

/// <summary>
/// Keeps models loaded within a budget of memory: the next picture of any of them needs no loading. When there is no room, the one goes
/// whose loading costs least for the memory it takes, and never one that somebody draws with.
/// </summary>
internal sealed partial class ModelCache(
    EngineHost engineHost, ModelCatalogue catalogue, StudioState state, IOptions<StudioOptions> options, EventHub hub, TimeProvider time, ILogger<ModelCache> logger)
    : BackgroundService, IAsyncDisposable
{
    private const string Preload = "preload";
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _lock = new();
    private readonly List<ResidentModel> _residents = [];
    private volatile HashSet<string> _warmIds = [];
    private volatile string? _loadingId;

    /// <summary>Counts up whenever a model comes or goes.</summary>
    public int Version { get; private set; }

    /// <summary>Bytes that loaded models may take together.</summary>
    public long Budget { get; } = options.Value.Models.MemoryMiB > 0
        ? options.Value.Models.MemoryMiB * 1024L * 1024
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;

    /// <summary>Whether a model needs no loading.</summary>
    public bool IsWarm(string id) => _warmIds.Contains(id);

    /// <summary>The document's word for a model's state: stopped, starting or running.</summary>
    public string StatusOf(string id) => _loadingId == id ? "starting" : IsWarm(id) ? "running" : "stopped";

    /// <summary>What a model took when it was last loaded; null when it never was.</summary>
    public long? MeasuredBytes(ModelDefinition model) =>
        long.TryParse(state.Text(BytesKey(model)), CultureInfo.InvariantCulture, out long bytes) ? bytes : null;

    /// <summary>What a model takes: as measured, or as its files say.</summary>
    public long NeededBytes(ModelDefinition model) => MeasuredBytes(model) ?? model.Files.Sum(file => EstimateOf(file.FullPath));

    /// <summary>The model, loaded; it stays so until the lease is given back.</summary>
    /// <exception cref="SdException">It cannot be loaded, or it can never fit; the message has the numbers.</exception>
    public async Task<ModelLease> AcquireAsync(ModelDefinition definition, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        if (Take(definition) is { } there)
            return new ModelLease(this, there, TimeSpan.Zero);
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // Somebody else may have loaded it meanwhile.
            if (Take(definition) is { } loaded)
                return new ModelLease(this, loaded, TimeSpan.Zero);
            await MakeRoomAsync(definition).ConfigureAwait(false);
            ResidentModel resident = await LoadAsync(definition, callbacks, cancellation).ConfigureAwait(false);
            return new ModelLease(this, resident, resident.Loading);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Loads a model for whoever will draw with it.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="pin">Whether it stays until it is stopped.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task StartAsync(ModelDefinition definition, bool pin, CancellationToken cancellation)
    {
        await using ModelLease lease = await AcquireAsync(definition, callbacks: null, cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (ResidentModel resident in _residents.Where(resident => resident.Key == definition.LoadKey))
                resident.IsPinned |= pin;
        }
    }

    /// <summary>Frees a model: at once, or when the picture that is being drawn with it has ended.</summary>
    /// <returns>Whether it was loaded.</returns>
    public async Task<bool> StopAsync(ModelDefinition definition)
    {
        ResidentModel? resident;
        lock (_lock)
        {
            resident = _residents.Find(resident => resident.Key == definition.LoadKey);
            if (resident is not null)
                (resident.IsStopping, resident.IsPinned) = (true, false);
        }

        await FreeAsync(resident is { InUse: 0 } ? [resident] : []).ConfigureAwait(false);
        return resident is not null;
    }

    /// <summary>Frees every model that nobody draws with, the pinned ones too.</summary>
    public async Task StopAllAsync() => await FreeAsync(Snapshot().FindAll(resident => resident.InUse == 0)).ConfigureAwait(false);

    /// <summary>Somebody has drawn with a model.</summary>
    public async ValueTask ReturnAsync(ResidentModel resident)
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
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await engineHost.Ready.WaitAsync(stoppingToken).ConfigureAwait(false);
            foreach (ModelDefinition model in catalogue.Models.Where(model => model is { Mode: Preload, Unsupported: null, Remote: null }))
                await PreloadAsync(model, stoppingToken).ConfigureAwait(false);
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
        foreach (ResidentModel resident in Snapshot())
            await resident.Model.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
        Dispose();
    }

    private async Task PreloadAsync(ModelDefinition model, CancellationToken stop)
    {
        try
        {
            await StartAsync(model, pin: true, stop).ConfigureAwait(false);
        }
        catch (SdException exception)
        {
            LogNotPreloaded(model.Id, exception.Message);
        }
    }

    private ResidentModel? Take(ModelDefinition definition)
    {
        lock (_lock)
        {
            ResidentModel? resident = _residents.Find(resident => resident.Key == definition.LoadKey && !resident.IsStopping);
            if (resident is not null)
            {
                resident.InUse++;
                resident.Uses++;
                resident.Autostop = definition.Autostop;
            }

            return resident;
        }
    }

    // Told before anything is evicted: what can never fit costs nobody a warm model.
    private async Task MakeRoomAsync(ModelDefinition definition)
    {
        long needed = NeededBytes(definition);
        List<ResidentModel> residents = Snapshot();
        long kept = residents.Where(resident => resident.IsPinned || resident.InUse > 0).Sum(resident => resident.Bytes);
        if (needed + kept > Budget)
        {
            throw new SdException(
                SdError.OutOfMemory,
                $"Model {definition.Id} needs {InMiB(needed)} MiB and {InMiB(Budget - kept)} of {InMiB(Budget)} MiB can be freed for it; stop pinned models, or raise SdStudio:Models:MemoryMiB.");
        }

        long free = Budget - residents.Sum(resident => resident.Bytes);
        List<ResidentModel> leave = [];
        foreach (ResidentModel least in residents.Where(resident => resident is { IsPinned: false, InUse: 0 }).OrderBy(resident => resident.Value).ThenBy(resident => resident.LastUsed))
        {
            if (free >= needed)
                break;
            leave.Add(least);
            free += least.Bytes;
        }

        await FreeAsync(leave).ConfigureAwait(false);
    }

    private async Task<ResidentModel> LoadAsync(ModelDefinition definition, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        _loadingId = definition.Id;
        Tell(definition.Id);
        try
        {
            long start = time.GetTimestamp();
            long before = Environment.WorkingSet;
            SdEngine engine = await engineHost.Ready.WaitAsync(cancellation).ConfigureAwait(false);
            DiffusionModel model = await DiffusionModel.LoadAsync(LoadOptions(definition, engine), callbacks, cancellation).ConfigureAwait(false);
            TimeSpan took = time.GetElapsedTime(start);
            // Memory that was free in the heap shows as no growth: then the files' own size is the better measure.
            long bytes = Math.Max(Environment.WorkingSet - before, definition.Files.Sum(file => SizeOf(file.FullPath)));
            state.SetText(BytesKey(definition), bytes.ToString(CultureInfo.InvariantCulture));
            var resident = new ResidentModel(definition, model, bytes, took) { InUse = 1, Uses = 1 };
            lock (_lock)
                _residents.Add(resident);
            LogLoaded(definition.Id, model.Family, (long)took.TotalMilliseconds, InMiB(bytes));
            return resident;
        }
        finally
        {
            _loadingId = null;
            Changed();
            Tell(definition.Id);
        }
    }

    // Placements are for machines with a graphics card; where there is only the processor they name what is not there.
    private DiffusionModelOptions LoadOptions(ModelDefinition definition, SdEngine engine)
    {
        DiffusionModelOptions load = definition.Options.Threads > 0 ? definition.Options : definition.Options with { Threads = options.Value.Threads };
        bool onlyProcessor = engine.Devices.All(device => device.Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase));
        return onlyProcessor ? load with { Backend = null, ParamsBackend = null, MaxVram = null } : load;
    }

    private bool IsIdleTooLong(ResidentModel resident) =>
        resident is { IsPinned: false, InUse: 0, Autostop: { } limit } && time.GetElapsedTime(resident.LastUsed) > limit;

    private async Task FreeAsync(List<ResidentModel> leaving)
    {
        foreach (ResidentModel resident in leaving)
        {
            lock (_lock)
            {
                // Somebody may have taken it a moment ago.
                if (resident.InUse > 0 || !_residents.Remove(resident))
                    continue;
            }

            await resident.Model.DisposeAsync().ConfigureAwait(false);
            Changed();
            LogFreed(resident.Id, InMiB(resident.Bytes));
            Tell(resident.Id);
        }
    }

    private List<ResidentModel> Snapshot()
    {
        lock (_lock)
            return [.. _residents];
    }

    private void Changed()
    {
        HashSet<string> keys = [.. Snapshot().Select(resident => resident.Key)];
        _warmIds = [.. catalogue.Models.Where(model => keys.Contains(model.LoadKey)).Select(model => model.Id)];
        Version++;
    }

    private void Tell(string id) => hub.Publish(
        EventChannel.Models, "model_status_changed",
        JsonSerializer.SerializeToUtf8Bytes(new ModelStatusView(id, StatusOf(id)), ModelJson.Default.ModelStatusView));

    private static long EstimateOf(string path)
    {
        try
        {
            return ModelFile.Inspect(path).MemoryEstimate;
        }
        catch (Exception exception) when (exception is SdException or IOException or UnauthorizedAccessException)
        {
            // What is wrong with it is said by the load.
            return SizeOf(path);
        }
    }

    private static long SizeOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private static string BytesKey(ModelDefinition model) => "model_bytes:" + model.LoadKey;

    private static long InMiB(long bytes) => bytes / (1024 * 1024);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} ({Family}) loaded in {Milliseconds} ms; it takes {MiB} MiB")]
    private partial void LogLoaded(string model, string family, long milliseconds, long miB);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} was freed: {MiB} MiB")]
    private partial void LogFreed(string model, long miB);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Model} is to be loaded at the start and is not: {Reason}")]
    private partial void LogNotPreloaded(string model, string reason);
}

/// <summary>What the event tells.</summary>
internal sealed record ModelStatusView([property: JsonPropertyName("modelId")] string ModelId, [property: JsonPropertyName("status")] string Status);

/// <summary>The JSON of what events tell about models.</summary>
[JsonSerializable(typeof(ModelStatusView))]
internal sealed partial class ModelJson : JsonSerializerContext;
