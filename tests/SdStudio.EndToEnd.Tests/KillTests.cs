using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

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

    /// <summary>Whose fault it was is known by the thread; that it was a fault of memory makes no difference.</summary>
    [Fact]
    public async Task A_job_whose_generation_ends_the_process_twice_by_a_memory_fault_is_not_tried_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "How the engine is made to die is written for Linux.");
        using EngineDeath engine = await EngineDeath.BuildAsync(_data + "-engine");
        string guilty = "", innocent = "";
        for (int death = 0; death < 2; death++)
        {
            using ServerProcess dies = await ServerProcess.StartAsync(_data, engine.Environment);
            if (death == 0)
                (guilty, innocent) = (await QueueAsync(dies, steps: 1000), await QueueAsync(dies, steps: 1));
            await UntilAsync(dies, guilty, "processing");
            engine.Order("segv");
            await dies.WaitForExitAsync();
            engine.Done();
        }

        using ServerProcess server = await ServerProcess.StartAsync(_data, engine.Environment);
        JsonElement failed = await UntilAsync(server, guilty, "failed", "completed");
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("ended 2 times while it ran this job", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("memory fault (SIGSEGV)", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("completed", (await UntilAsync(server, innocent, "failed", "completed")).GetProperty("status").GetString());
    }

    private static async Task<string> QueueAsync(ServerProcess server, int steps)
    {
        using var request = new StringContent($$"""{"model":"demo","prompt":"a red circle","size":"96x96","steps":{{steps}}}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/api/queue/generate", UriKind.Relative), request, Cancellation);
        JsonElement answer = await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
        return answer.GetProperty("job_id").GetString()!;
    }

    private static async Task<JsonElement> UntilAsync(ServerProcess server, string id, params string[] statuses)
    {
        while (true)
        {
            JsonElement job = await server.Client.GetFromJsonAsync(new Uri($"/api/generations/{id}", UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
            if (statuses.Contains(job.GetProperty("status").GetString()))
                return job;
            await Task.Delay(20, Cancellation);
        }
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
