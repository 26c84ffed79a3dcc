using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>Loads the engine and lists what it can compute on.</summary>
internal sealed class DevicesCheck() : Check("devices", "list the engine's devices", TimeSpan.FromSeconds(60))
{
    public override bool NeedsCard => false;

    public override string? DeviceOf(string device) => null;

    public override Task<CheckAnswer> RunAsync(CheckContext context)
    {
        SdEngine engine = context.Engine;
        List<DeviceEntry> devices = [.. engine.Devices.Select(device => (device, memory: device.ReadMemory())).Select(seen => new DeviceEntry(
            seen.device.Name, seen.device.Description, seen.memory?.TotalBytes / CheckContext.MiB, seen.memory?.FreeBytes / CheckContext.MiB))];
        var entry = new EngineEntry(engine.Info.Version, engine.Info.Backend, engine.Info.BackendReason, devices);
        Dictionary<string, double> figures = new() { ["devices"] = devices.Count };
        foreach (DeviceEntry device in devices)
        {
            if (device.TotalMib is { } total)
                (figures[$"{device.Name}_total_mib"], figures[$"{device.Name}_free_mib"]) = (total, device.FreeMib ?? 0);
        }

        return Task.FromResult(new CheckAnswer(
            CheckOutcome.Judge(figures, GraphicsDevice(entry, context.Device) is null ? NoDevice(entry, context.Device) : null), entry));
    }

    /// <summary>The device to check: the one that was named, or the engine's first graphics device; null when there is none.</summary>
    public static string? GraphicsDevice(EngineEntry engine, string asked) => asked.Length > 0
        ? engine.Devices.FirstOrDefault(device => device.Name.Equals(asked, StringComparison.OrdinalIgnoreCase))?.Name
        : engine.Devices.FirstOrDefault(device => !device.Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase))?.Name;

    private static string NoDevice(EngineEntry engine, string asked) => asked.Length > 0
        ? $"the engine has no device {asked}; it has {string.Join(", ", engine.Devices.Select(device => device.Name))}"
        : $"the engine has no graphics device: {engine.BackendReason}";
}
