using SdCpp.Interop;

namespace SdStudio.GpuCheck;

/// <summary>Looks at a device's memory all the time, and keeps the most that was in use.</summary>
internal sealed class MemoryWatch : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(3);
    private readonly SdDevice? _device;
    private readonly ManualResetEventSlim _end = new();
    private readonly Thread _thread;
    private double _most;

    private MemoryWatch(SdDevice? device)
    {
        _device = device;
        _most = UsedMib(device) ?? 0;
        _thread = new Thread(Look) { IsBackground = true, Name = "memory watch" };
        _thread.Start();
    }

    public static MemoryWatch Start(SdDevice? device) => new(device);

    /// <summary>What is in use of a device's memory, MiB; null when the engine does not tell.</summary>
    public static double? UsedMib(SdDevice? device) =>
        device?.ReadMemory() is { } memory ? (memory.TotalBytes - memory.FreeBytes) / CheckContext.MiB : null;

    /// <summary>Ends the watch.</summary>
    /// <returns>The most that was in use, MiB.</returns>
    public double Stop()
    {
        Dispose();
        return _most;
    }

    public void Dispose()
    {
        if (_end.IsSet)
            return;
        _end.Set();
        _thread.Join();
    }

    private void Look()
    {
        do
        {
            _most = Math.Max(_most, UsedMib(_device) ?? 0);
        }
        while (!_end.Wait(Every));
    }
}
