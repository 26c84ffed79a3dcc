namespace SdStudio.Server.Queue;

/// <summary>The machines of a studio.</summary>
internal interface INodes
{
    ValueTask<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellation);

    /// <summary>Lets a machine end what it runs and begin nothing more, or begin again. False where there is no such machine, or it is the only one.</summary>
    ValueTask<bool> SetDrainedAsync(string id, bool drained, CancellationToken cancellation);
}

/// <summary>A machine as it told last. Times are Unix milliseconds.</summary>
/// <param name="Id">The same after every start.</param>
/// <param name="Name">What the system calls it.</param>
/// <param name="Version">Of its server.</param>
/// <param name="Devices">What it generates on.</param>
/// <param name="Running">How many jobs it runs.</param>
/// <param name="StartedAt">When its server started.</param>
/// <param name="SeenAt">When it told last.</param>
/// <param name="IsAlive">Whether that is not long ago.</param>
/// <param name="IsDrained">Whether it begins no more jobs.</param>
/// <param name="IsThis">Whether it is the one that answers.</param>
internal sealed record NodeState(
    string Id, string Name, string Version, IReadOnlyList<string> Devices, long Running, long StartedAt, long SeenAt, bool IsAlive, bool IsDrained, bool IsThis);

/// <summary>The one machine of a studio that shares its database with nobody.</summary>
internal sealed class OnlyNode(IJobDevices devices, RunningJobs running, TimeProvider time) : INodes
{
    private static readonly long Start = StartOfThisProcess();

    public ValueTask<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellation) => ValueTask.FromResult<IReadOnlyList<NodeState>>(
    [
        new NodeState(
            "this", Environment.MachineName, StudioVersion.Text, [.. devices.States.Select(device => device.Id)], running.All.Count, Start,
            time.GetUtcNow().ToUnixTimeMilliseconds(), IsAlive: true, IsDrained: false, IsThis: true),
    ]);

    public ValueTask<bool> SetDrainedAsync(string id, bool drained, CancellationToken cancellation) => ValueTask.FromResult(false);

    private static long StartOfThisProcess()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds();
    }
}
