using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Cache;

/// <summary>What models may take on a device, and what they need.</summary>
internal sealed class MemoryBudget(EngineHost engineHost, ModelMeasurements measured, IOptions<StudioOptions> options)
{
    // What the engine computes in beside the weights.
    private const long Reserve = 256L * 1024 * 1024;
    private readonly long _ram = options.Value.Models.MemoryMiB > 0
        ? options.Value.Models.MemoryMiB * 1024L * 1024
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;

    /// <summary>RAM for models on all devices together.</summary>
    public long Ram => _ram;

    /// <param name="device">The device.</param>
    /// <param name="used">What its models take now: that is theirs to give.</param>
    public ModelMemory Of(ComputeDevice device, ModelMemory used)
    {
        var ram = (long)(_ram * device.RamShare);
        if (device.Kind != DeviceKind.Graphics)
            return new ModelMemory(device.MemoryBytes > 0 ? Math.Min(ram, device.MemoryBytes) : ram, 0);
        // Others use the card too: what is free now counts, not what it was built with.
        long free = MemoryOf(device) is { } memory ? Math.Max(0, memory.FreeBytes - Reserve) + used.Vram : 0;
        return new ModelMemory(ram, device.MemoryBytes > 0 ? Math.Min(device.MemoryBytes, free) : free);
    }

    /// <summary>The memory of a graphics device as it is now; null when the engine does not tell.</summary>
    public SdDeviceMemory? MemoryOf(ComputeDevice device) => engineHost.Loaded?.Devices.FirstOrDefault(known =>
        device.EngineName is null ? !known.Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase) : known.Name == device.EngineName)?.ReadMemory();

    /// <summary>What a model takes there, and whether that was measured.</summary>
    public (ModelMemory Memory, bool IsMeasured) Needed(ModelDefinition model, ComputeDevice device, IReadOnlyList<FileInfo> files) =>
        measured.Of(model, device.Kind, files);

    /// <summary>What a file takes by itself, an upscaler or a ControlNet.</summary>
    public ModelMemory OfFile(string path, ComputeDevice device) => measured.OfFile(path, device.Kind);
}
