using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Cache;

/// <summary>The devices that the engine computes on: those of the settings, or every graphics device, or the CPU.</summary>
internal sealed partial class ComputeDevices(EngineHost engineHost, IOptions<StudioOptions> options, ILogger<ComputeDevices> logger)
{
    /// <summary>What is assumed of the device while the engine is not loaded.</summary>
    public static readonly ComputeDevice Unknown = new("cpu", DeviceKind.Cpu, "CPU");

    private IReadOnlyList<ComputeDevice>? _all;

    /// <summary>Ends when the engine is loaded; fails with an <see cref="SdException"/> when it cannot be.</summary>
    public Task Ready => engineHost.Ready;

    /// <summary>The devices; none while the engine is not loaded.</summary>
    public IReadOnlyList<ComputeDevice> All => engineHost.Loaded is { } engine ? _all ??= Of(engine) : [];

    private List<ComputeDevice> Of(SdEngine engine)
    {
        List<DeviceOptions> wanted = options.Value.Devices;
        List<ComputeDevice> devices = wanted.Count > 0 ? [.. wanted.SelectMany(entry => Named(engine, entry))] : Found(engine);
        if (devices.Count == 0)
            devices.Add(Cpu(threads: 0, "cpu"));
        return Shared(devices);
    }

    private static List<ComputeDevice> Found(SdEngine engine)
    {
        List<SdDevice> graphics = [.. engine.Devices.Where(device => !IsCpu(device.Name))];
        // With a single one the engine places everything by itself.
        return [.. graphics.Select(device => Graphics(device) with { EngineName = graphics.Count > 1 ? device.Name : null })];
    }

    private IEnumerable<ComputeDevice> Named(SdEngine engine, DeviceOptions entry)
    {
        ComputeDevice? device = IsCpu(entry.Name)
            ? Cpu(entry.Threads, "cpu")
            : engine.Devices.FirstOrDefault(device => device.Name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)) is { } found ? Graphics(found) : null;
        if (device is null)
        {
            LogUnknown(entry.Name, string.Join(", ", engine.Devices.Select(known => known.Name)));
            return [];
        }

        // Each worker has models of its own, and so a part of the memory.
        return Enumerable.Repeat(device with { MemoryBytes = entry.MemoryMiB * 1024L * 1024 / entry.Workers }, entry.Workers);
    }

    // Cores and memory of the machine are one: who computes on them at the same time gets a part.
    private List<ComputeDevice> Shared(List<ComputeDevice> devices)
    {
        int processors = devices.Count(device => device.Kind == DeviceKind.Cpu);
        int threads = options.Value.Threads > 0 ? options.Value.Threads : processors > 1 ? Environment.ProcessorCount : 0;
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. devices.Select(device =>
        {
            int same = names[device.Id] = names.GetValueOrDefault(device.Id) + 1;
            return device with
            {
                Id = same == 1 ? device.Id : $"{device.Id}-{same}",
                RamShare = 1.0 / devices.Count,
                Threads = device.Threads > 0 ? device.Threads
                    : device.Kind == DeviceKind.Cpu && processors > 1 ? Math.Max(1, threads / processors) : options.Value.Threads,
            };
        })];
    }

    private static ComputeDevice Graphics(SdDevice device) =>
        new(device.Name.ToLowerInvariant(), DeviceKind.Graphics, device.Description) { EngineName = device.Name };

    private static ComputeDevice Cpu(int threads, string id) => new(id, DeviceKind.Cpu, "CPU") { Threads = threads };

    private static bool IsCpu(string name) => name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(Level = LogLevel.Error, Message = "SdStudio:Devices names the device {Name}, which the engine does not have; it has {Known}")]
    private partial void LogUnknown(string name, string known);
}
