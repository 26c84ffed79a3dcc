using System.Globalization;

namespace SdStudio.EndToEnd.Tests;

/// <summary>
/// Three machines with one database under load, while one thing after the other fails. Each kind once at every build;
/// <c>./build.sh faults --faults=100</c> is the whole campaign.
/// </summary>
public sealed class FaultTests
{
    private const string FaultsVariable = "SDSTUDIO_FAULTS";
    private const string SeedVariable = "SDSTUDIO_FAULTS_SEED";

    // For longer than the lease of a job: it is taken away meanwhile.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(FaultyMachines.LeaseSeconds * 2);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    private static readonly (string Name, Func<FaultyMachines, int, Random, Task> Happens)[] Kinds =
    [
        ("kill -9 of a machine", DieAsync), ("a machine sleeps", SleepAsync), ("a wire is cut", CutAsync), ("the database restarts", RestartAsync),
        ("kill -9 of the database", KillAsync), ("the database's disk is full", FillAsync), ("a clock is an hour off", ClockAsync),
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_fails_no_acknowledged_job_is_lost_no_image_comes_twice_and_no_event_is_missed()
    {
        using FaultyMachines? machines = FaultyMachines.TryMake(out string reason);
        Assert.SkipWhen(machines is null, reason);
        int faults = Number(FaultsVariable, Kinds.Length), seed = Number(SeedVariable, 4);
        var random = new Random(seed);
        for (int machine = 0; machine < FaultyMachines.Count; machine++)
            await machines.StartAsync(machine);
        var campaign = new FaultCampaign(machines, random);
        using var end = new CancellationTokenSource();
        Task listening = campaign.ListenAsync(end.Token);
        for (int fault = 0; fault < faults; fault++)
        {
            (string name, Func<FaultyMachines, int, Random, Task> happens) = Kinds[fault % Kinds.Length];
            string when = $"fault {fault} ({name}), seed {seed}";
            using var enough = new CancellationTokenSource();
            Task adding = campaign.AddAsync(enough.Token);
            await Task.Delay(random.Next(500, 2000), Cancellation);
            await happens(machines, random.Next(FaultyMachines.Count), random);
            await enough.CancelAsync();
            await adding;
            await campaign.SettleAsync(when);
            Console.WriteLine(when);
        }

        await end.CancelAsync();
        await listening;
        Console.WriteLine(campaign.Summary(faults));
    }

    private static async Task DieAsync(FaultyMachines machines, int machine, Random random)
    {
        await machines.EndAsync(machine, "KILL");
        await machines.StartAsync(machine);
    }

    private static async Task SleepAsync(FaultyMachines machines, int machine, Random random)
    {
        await machines[machine].SendSignalAsync("STOP");
        await Task.Delay(Long, Cancellation);
        await machines[machine].SendSignalAsync("CONT");
    }

    private static async Task CutAsync(FaultyMachines machines, int machine, Random random)
    {
        FaultyMachines.Cut(machine);
        await Task.Delay(Long, Cancellation);
        FaultyMachines.Mend(machine);
    }

    private static async Task RestartAsync(FaultyMachines machines, int machine, Random random)
    {
        machines.StopDatabase();
        await Task.Delay(random.Next(1000), Cancellation);
        machines.BeginDatabase();
    }

    private static async Task KillAsync(FaultyMachines machines, int machine, Random random)
    {
        machines.KillDatabase();
        await Task.Delay(random.Next(1000), Cancellation);
        machines.BeginDatabase();
    }

    private static async Task FillAsync(FaultyMachines machines, int machine, Random random)
    {
        machines.FillDisk();
        await Task.Delay(Short, Cancellation);
        machines.EmptyDisk();
    }

    private static async Task ClockAsync(FaultyMachines machines, int machine, Random random)
    {
        await machines.EndAsync(machine, "TERM");
        await machines.StartWithClockAsync(machine, random.Next(2) == 0 ? 3600 : -3600);
        await Task.Delay(Short, Cancellation);
        await machines.EndAsync(machine, "TERM");
        await machines.StartAsync(machine);
    }

    private static int Number(string variable, int absent) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : absent;
}
