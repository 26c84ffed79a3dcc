using System.Collections.Concurrent;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>
/// Everything that runs jobs: the devices that the engine computes on, each server of remote models, and one that does what needs no model.
/// Each works by itself: none waits for what another does.
/// </summary>
internal sealed class JobDevices(ModelCache cache, ModelCatalogue catalogue, FileHashes hashes, OtherNodes others, IQueueSignal signal) : IWarmModels, IJobDevices
{
    private static readonly ComputeDevice Light = new("light", DeviceKind.Light, "Resampling and conversion");
    private readonly ConcurrentDictionary<string, int> _busy = new(StringComparer.Ordinal);

    public int Version => cache.Version;

    /// <summary>Ends when the engine is loaded; fails when it cannot be.</summary>
    public Task Ready => cache.Ready;

    /// <summary>The devices as they are now: remote ones come and go with the catalogue.</summary>
    public IReadOnlyList<ComputeDevice> All =>
    [
        .. cache.Devices.Select(models => models.Device), Light,
        .. catalogue.Models.Select(model => model.Remote).OfType<RemoteModel>().GroupBy(remote => remote.Server, StringComparer.Ordinal).Select(server =>
            new ComputeDevice(RemoteId(server.Key), DeviceKind.Remote, $"The server {server.Key}") { Concurrency = server.Max(remote => remote.Concurrency) }),
    ];

    public bool IsWarm(string model) => cache.IsWarm(model);

    public bool IsWarm(string model, string? device) =>
        device is null ? IsWarm(model) : catalogue.Find(model) is { } definition && ModelsOf(device)?.Has(definition.LoadKey) == true;

    public string ClassOf(string? device) => device is null ? "" : ModelsOf(device)?.Device.Class ?? device;

    /// <summary>The models of a device; null for one that has none.</summary>
    public DeviceModels? ModelsOf(string? device) => cache.Devices.FirstOrDefault(models => models.Device.Id == device);

    /// <summary>Those that may begin a job now.</summary>
    public IReadOnlyList<IJobDevice> Idle
    {
        get
        {
            // What is found out about a model holds for this look.
            var fits = new Dictionary<(string Model, string Device), bool>();
            return [.. All.Where(device => _busy.GetValueOrDefault(device.Id) < device.Concurrency).Select(device => new JobDevice(this, device, fits))];
        }
    }

    public IReadOnlyList<DeviceState> States => [.. All.Select(device =>
    {
        DeviceModels? models = ModelsOf(device.Id);
        (ModelMemory used, ModelMemory budget) = (models?.Used ?? default, models?.Budget ?? default);
        return new DeviceState(
            device.Id, device.Kind.ToString().ToLowerInvariant(), device.Description, device.Concurrency, _busy.GetValueOrDefault(device.Id),
            [.. models?.Ids ?? []], models is null ? null : new DeviceMemory(used.Ram, budget.Ram, used.Vram, budget.Vram));
    })];

    public int Computing => cache.Devices.Count;

    // Where a model fits on no device, the first one takes its job and says so.
    public string? ReasonFor(WaitingJob job) =>
        OnlyDeviceOf(job) is { } only && _busy.GetValueOrDefault(only) > 0 ? $"it waits for {only}"
        : others.AreShared && job.Type != JobType.Upscale && !HasFilesFor(job) ? WhoHas(job.SecondModel is { } second && HasFiles(job.Model, job.ModelHash) ? second : job.Model)
        : others.IsThisDrained && (job.Type == JobType.Upscale ? others.Alive : others.With(job.Model)).All(node => node.IsDrained) ? "every machine that can run it is drained"
        : null;

    private string WhoHas(string model)
    {
        List<NodeState> having = [.. others.With(model)];
        return having.Count == 0 ? "no machine that is there has the files of its model"
            : having.TrueForAll(node => node.IsDrained) ? $"it waits for {Names(having)}, which has its model and begins no jobs now"
            : $"it waits for {Names([.. having.Where(node => !node.IsDrained)])}, which has its model";
    }

    private static string Names(IEnumerable<NodeState> nodes) => string.Join(" or ", nodes.Select(node => node.Name).Distinct(StringComparer.Ordinal));

    /// <summary>Whether a device may generate images of a job that another one runs: the result is the same, and the model fits.</summary>
    public bool CanHelp(string device, Job job) => ModelsOf(device) is { } models && ModelsOf(job.Device)?.Device is { } own
        && (models.Device.Kind, models.Device.Class) == (own.Kind, own.Class) && Fits(job.Settings.Model, models)
        && (job.Settings.Hires?.Model is not { } second || Fits(second, models));

    public void Begin(string device) => _busy.AddOrUpdate(device, 1, (_, count) => count + 1);

    public void End(string device) => _busy.AddOrUpdate(device, 0, (_, count) => count - 1);

    /// <summary>The only device that can run a job; null for any that computes.</summary>
    private string? OnlyDeviceOf(WaitingJob job) => job.Type switch
    {
        JobType.Convert => Light.Id,
        JobType.Upscale => catalogue.FindUpscaler(job.Upscaler ?? "") is { File: null } ? Light.Id : null,
        _ => catalogue.Find(job.Model)?.Remote is { } remote ? RemoteId(remote.Server) : null,
    };

    // Where others run jobs too, one whose model is only theirs is left to them. Alone, the job says what is missing.
    private bool HasFilesFor(WaitingJob job) => !others.AreShared || (job.Type == JobType.Upscale
        ? catalogue.FindUpscaler(job.Upscaler ?? "") is not null
        : HasFiles(job.Model, job.ModelHash) && (job.SecondModel is not { } second || catalogue.Find(job.Model)?.Remote is not null || HasFiles(second, hash: null)));

    private bool HasFiles(string model, string? hash) => catalogue.Find(model) is { IsThere: true } definition && IsSameFile(definition, hash);

    private bool IsSameFile(ModelDefinition model, string? hash)
    {
        if (hash is null || model.Remote is not null || model.Files.Count == 0)
            return true;
        if (hashes.Known(model.MainFile) is { } known)
            return FileHashes.Short(known) == hash;
        _ = LookAgainWhenKnownAsync(model.MainFile);
        return false;
    }

    private async Task LookAgainWhenKnownAsync(string file)
    {
        if (await hashes.ShortHashOrNullAsync(file, CancellationToken.None).ConfigureAwait(false) is not null)
            signal.Ring();
    }

    // Another machine has memory for what fits on none of this one's devices.
    private bool IsLeftToOthers(string model) => others.AreShared && !cache.Devices.Any(device => Fits(model, device)) && others.WithRoomFor(model) is not null;

    private bool Fits(string model, DeviceModels device) => catalogue.Find(model) is not { } definition || device.CannotFit(definition) is null;

    // Where a model fits nowhere, the first device keeps its weights in RAM, or says with its numbers that they do not fit there either.
    private bool FitsBest(string model, string device, Dictionary<(string Model, string Device), bool> known)
    {
        IReadOnlyList<DeviceModels> all = cache.Devices;
        return all.Count == 1 || FitsOn(device) || (all[0].Device.Id == device && !all.Any(other => FitsOn(other.Device.Id)));

        bool FitsOn(string id)
        {
            if (!known.TryGetValue((model, id), out bool fits))
                known[(model, id)] = fits = ModelsOf(id) is { } models && (catalogue.Find(model) is not { } definition || models.Fits(definition));
            return fits;
        }
    }

    private static string RemoteId(string server) => "remote:" + server;

    private sealed class JobDevice(JobDevices devices, ComputeDevice device, Dictionary<(string Model, string Device), bool> fits) : IJobDevice
    {
        public string Id => device.Id;

        public bool IsWarm(string model) => devices.IsWarm(model, device.Id);

        public bool CanRun(WaitingJob job) => devices.OnlyDeviceOf(job) is { } only
            ? only == device.Id
            : device.Computes && devices.HasFilesFor(job) && devices.FitsBest(job.Model, device.Id, fits) && !devices.IsLeftToOthers(job.Model);
    }
}
