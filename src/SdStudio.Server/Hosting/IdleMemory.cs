using SdStudio.Server.Models.Cache;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Hosting;

/// <summary>
/// Gives the memory of requests, jobs and the start back to the system when nothing goes on. The garbage collector runs only when something
/// is allocated: without this, a server that has become idle keeps the memory of what it did last for as long as it is idle.
/// </summary>
internal sealed class IdleMemory(EngineHost engine, RunningJobs running, TimeProvider time) : BackgroundService
{
    // Health checks and a page that polls allocate less than this between two looks.
    private const long MaxWhenIdle = 1 << 20;

    // A collection of everything costs some 30 ms of processor time; less than this is not worth it.
    private const long MinGarbage = 8 << 20;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    // Pools of .NET let go, when memory is collected, of what nobody has rented for a minute.
    private static readonly TimeSpan PoolsLetGo = TimeSpan.FromSeconds(90);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ((Task)engine.Ready).WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var timer = new PeriodicTimer(LookEvery, time);
        long seen = 0;
        // What the start has left behind goes in any case: a server may be idle from then on.
        long collected = -MinGarbage;
        long? poolsSince = null;
        while (!stoppingToken.IsCancellationRequested && await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            long allocated = GC.GetTotalAllocatedBytes();
            bool isIdle = running.All.Count == 0 && allocated - seen <= MaxWhenIdle;
            seen = allocated;
            bool hasGarbage = allocated - collected >= MinGarbage;
            if (!isIdle || (!hasGarbage && (poolsSince is not { } since || time.GetElapsedTime(since) < PoolsLetGo)))
                continue;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            collected = allocated;
            poolsSince = hasGarbage ? time.GetTimestamp() : null;
        }
    }
}
