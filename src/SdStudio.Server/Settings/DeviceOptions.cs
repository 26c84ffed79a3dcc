namespace SdStudio.Server.Settings;

/// <summary>An entry of <c>SdStudio:Devices</c>.</summary>
public sealed class DeviceOptions
{
    /// <summary>The engine's name of the device, e.g. <c>CUDA0</c>, <c>Vulkan1</c> or <c>CPU</c>.</summary>
    public string Name { get; set; } = "";

    /// <summary>Memory that models may take on it, MiB; 0 for what is free.</summary>
    public int MemoryMiB { get; set; }

    /// <summary>How many jobs run on it at the same time; each has models of its own, and an equal part of memory and threads.</summary>
    public int Workers { get; set; } = 1;

    /// <summary>CPU threads of each worker; 0 for an equal part of the cores.</summary>
    public int Threads { get; set; }

    internal IEnumerable<string> Problems(int index)
    {
        if (string.IsNullOrWhiteSpace(Name))
            yield return $"SdStudio:Devices:{index}:Name is empty; name a device of the engine, or CPU";
        foreach ((string name, int value, int min, int max) in new[]
            { ("MemoryMiB", MemoryMiB, 0, 16 * 1024 * 1024), ("Workers", Workers, 1, 64), ("Threads", Threads, 0, 1024) })
        {
            if (value < min || value > max)
                yield return $"SdStudio:Devices:{index}:{name} is {value}; allowed is {min} to {max}";
        }
    }
}
