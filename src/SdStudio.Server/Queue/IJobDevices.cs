namespace SdStudio.Server.Queue;

/// <summary>What jobs run on, for those who show it.</summary>
internal interface IJobDevices
{
    IReadOnlyList<DeviceState> States { get; }

    /// <summary>How many of them compute with models of this machine.</summary>
    int Computing { get; }

    /// <summary>Why a waiting job cannot begin whatever is before it; null when only its place in line keeps it waiting.</summary>
    string? ReasonFor(WaitingJob job);
}

/// <summary>A device as it is now.</summary>
/// <param name="Id">As jobs name it.</param>
/// <param name="Kind">cpu, graphics, remote or light.</param>
/// <param name="Description">For people.</param>
/// <param name="Concurrency">How many jobs it runs at the same time.</param>
/// <param name="Running">How many it runs now.</param>
/// <param name="Models">The ids of the models in its memory.</param>
/// <param name="Memory">Memory used by models, and the limit; null for a device without models of its own.</param>
internal sealed record DeviceState(
    string Id, string Kind, string Description, int Concurrency, int Running, IReadOnlyList<string> Models, DeviceMemory? Memory);

/// <summary>Bytes.</summary>
internal sealed record DeviceMemory(long RamUsed, long RamBudget, long VramUsed, long VramBudget);
