using System.Text.Json.Serialization;

namespace SdStudio.Server.Queue;

/// <summary>The machines of a studio.</summary>
internal interface INodes
{
    ValueTask<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellation);

    /// <summary>The other machine that runs a job; null when none does.</summary>
    ValueTask<NodeState?> OfJobAsync(string jobId, CancellationToken cancellation);

    /// <summary>Lets a machine end what it runs and begin nothing more, or begin again. False where there is no such machine, or it is the only one.</summary>
    ValueTask<bool> SetDrainedAsync(string id, bool drained, CancellationToken cancellation);
}

/// <summary>A machine's last report. Times are Unix milliseconds.</summary>
/// <param name="Id">Stays the same across restarts.</param>
/// <param name="Name">Its host name.</param>
/// <param name="Version">Of its server.</param>
/// <param name="Devices">The devices that it generates on.</param>
/// <param name="Running">How many jobs it runs.</param>
/// <param name="StartedAt">When its server started.</param>
/// <param name="SeenAt">When it reported last.</param>
/// <param name="IsAlive">Whether that is recent.</param>
/// <param name="IsDrained">Whether it is drained: it starts no more jobs.</param>
/// <param name="IsThis">Whether it is the machine that answers.</param>
internal sealed record NodeState(
    string Id, string Name, string Version, IReadOnlyList<string> Devices, long Running, long StartedAt, long SeenAt, bool IsAlive, bool IsDrained, bool IsThis)
{
    /// <summary>The address at which other machines reach it; null if not set, or for keys other than the administrator's.</summary>
    public string? Address { get; init; }

    /// <summary>Its devices with their load.</summary>
    public IReadOnlyList<DeviceState> DeviceStates { get; init; } = [];

    /// <summary>The models whose files it has.</summary>
    public IReadOnlyList<NodeModel> Models { get; init; } = [];

    /// <summary>Changes with what it tells of its models beside this.</summary>
    [JsonIgnore]
    public string? Catalogue { get; init; }
}

/// <summary>A model whose files a machine has.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">stopped, starting, running or error.</param>
/// <param name="Fits">Whether a device of the machine has memory for it.</param>
internal sealed record NodeModel(string Id, string Status, bool Fits);

/// <summary>What a machine tells of itself.</summary>
internal sealed record NodeReport(IReadOnlyList<DeviceState> Devices, IReadOnlyList<NodeModel> Models)
{
    /// <summary>Changes with what it tells of its models beside this.</summary>
    public string? Catalogue { get; init; }
}
