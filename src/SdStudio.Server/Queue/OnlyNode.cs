namespace SdStudio.Server.Queue;

/// <summary>The one machine of a studio that shares its database with nobody.</summary>
internal sealed class OnlyNode(NodeReports reports, RunningJobs running, TimeProvider time) : INodes
{
    private static readonly long Start = StartOfThisProcess();

    public ValueTask<IReadOnlyList<NodeState>> ListAsync(CancellationToken cancellation)
    {
        NodeReport now = reports.Now;
        return ValueTask.FromResult<IReadOnlyList<NodeState>>(
        [
            new NodeState(
                "this", Environment.MachineName, StudioVersion.Text, [.. now.Devices.Select(device => device.Id)], running.All.Count, Start,
                time.GetUtcNow().ToUnixTimeMilliseconds(), IsAlive: true, IsDrained: false, IsThis: true) { DeviceStates = now.Devices, Models = now.Models },
        ]);
    }

    public ValueTask<NodeState?> OfJobAsync(string jobId, CancellationToken cancellation) => ValueTask.FromResult<NodeState?>(null);

    public ValueTask<bool> SetDrainedAsync(string id, bool drained, CancellationToken cancellation) => ValueTask.FromResult(false);

    private static long StartOfThisProcess()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds();
    }
}
