namespace SdStudio.Server.Queue;

/// <summary>Which models need no loading now: their jobs may go first.</summary>
internal interface IWarmModels
{
    /// <summary>Grows whenever a model is loaded or unloaded.</summary>
    int Version { get; }

    /// <summary>Whether a model is in memory on any device.</summary>
    bool IsWarm(string model);

    /// <summary>Whether a model is in memory on a device.</summary>
    bool IsWarm(string model, string? device);

    /// <summary>Under which name the costs of a device are kept.</summary>
    string ClassOf(string? device);
}

/// <summary>A device that looks for a job.</summary>
internal interface IJobDevice
{
    string Id { get; }

    bool CanRun(WaitingJob job);

    /// <summary>Whether a model is in its memory.</summary>
    bool IsWarm(string model);
}
