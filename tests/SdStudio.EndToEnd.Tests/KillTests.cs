using System.Globalization;

namespace SdStudio.EndToEnd.Tests;

/// <summary>
/// A server that dies again and again while it works, in every way that a process can die. A few deaths at every build;
/// <c>./build.sh kills --deaths 100</c> is the whole campaign.
/// </summary>
public sealed class KillTests : IDisposable
{
    private const string DeathsVariable = "SDSTUDIO_DEATHS";
    private const string SeedVariable = "SDSTUDIO_DEATHS_SEED";
    private const int Few = 10;

    private readonly string _data = ServerProcess.NewFolder();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_data))
            Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Deaths_of_every_kind_lose_nothing_deliver_nothing_twice_and_leave_nothing_behind()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "How the engine is made to die is written for Linux.");
        int deaths = Number(DeathsVariable, Few);
        int seed = Number(SeedVariable, 9);
        var random = new Random(seed);
        using EngineDeath engine = await EngineDeath.BuildAsync(_data + "-engine");
        var campaign = new KillCampaign(_data, random);
        for (int death = 0; death < deaths; death++)
        {
            using ServerProcess server = await ServerProcess.StartAsync(_data, engine.Environment);
            await campaign.CheckAsync(server);
            await campaign.WorkAsync(server);
            // The kinds take turns; the moment is any: while it loads, generates, writes, is asked.
            using var end = new CancellationTokenSource();
            Task asking = campaign.AskUntilAsync(server, end.Token);
            string kind = await DieAsync(server, EngineDeath.Kinds[death % EngineDeath.Kinds.Count], engine, random);
            await end.CancelAsync();
            await asking;
            campaign.CheckIntegrity($"death {death} ({kind}), seed {seed}");
        }

        using ServerProcess last = await ServerProcess.StartAsync(_data);
        await campaign.EndAsync(last);
        Console.WriteLine(campaign.Summary(deaths));
    }

    private static async Task<string> DieAsync(ServerProcess server, string kind, EngineDeath engine, Random random)
    {
        if (kind is "abort" or "segv")
        {
            await Task.Delay(random.Next(300), Cancellation);
            engine.Order(kind);
            await server.WaitForExitAsync();
            engine.Done();
            return kind;
        }

        await Task.Delay(random.Next(1000), Cancellation);
        if (kind == "KILL")
        {
            await server.SignalAsync("KILL");
            return kind;
        }

        await server.SendSignalAsync(kind.Split(' ')[0]);
        if (kind.EndsWith("KILL", StringComparison.Ordinal))
        {
            await Task.Delay(random.Next(200), Cancellation);
            await server.SendSignalAsync("KILL");
        }

        await server.WaitForExitAsync();
        return kind;
    }

    private static int Number(string variable, int absent) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : absent;
}
