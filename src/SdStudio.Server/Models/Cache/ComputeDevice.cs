namespace SdStudio.Server.Models.Cache;

/// <summary>What jobs run on.</summary>
internal enum DeviceKind
{
    Cpu = 0,
    Graphics = 1,

    /// <summary>Another server.</summary>
    Remote = 2,

    /// <summary>Work without the engine's models: resampling, conversion.</summary>
    Light = 3,
}

/// <summary>A device, as jobs and answers name it.</summary>
/// <param name="Id">Its name, unique in this server.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Description">For people.</param>
internal sealed record ComputeDevice(string Id, DeviceKind Kind, string Description)
{
    /// <summary>The engine's name of it; null for the engine's own choice.</summary>
    public string? EngineName { get; init; }

    /// <summary>CPU threads; 0 for all physical cores.</summary>
    public int Threads { get; init; }

    /// <summary>What models may take on it, bytes; 0 for what is free.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Its share of the machine's memory for models, 0 to 1.</summary>
    public double RamShare { get; init; } = 1;

    /// <summary>How many jobs run on it at the same time.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>Under which name costs are kept: what one of two equal devices takes, the other takes too.</summary>
    public string Class => Kind == DeviceKind.Graphics ? Description : "";

    public bool Computes => Kind is DeviceKind.Cpu or DeviceKind.Graphics;
}
