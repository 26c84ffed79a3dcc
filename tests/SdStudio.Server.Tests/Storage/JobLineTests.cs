using Microsoft.Extensions.Options;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What is known of the waiting jobs without reading their rows again.</summary>
public sealed class JobLineTests : IDisposable
{
    private readonly SqliteStore _store = new();
    private readonly ManualTime _time = new(DateTimeOffset.UtcNow);
    private readonly JobLine _line;

    public JobLineTests() => _line = LineOf(_store, _time);

    /// <summary>The line of a store's jobs.</summary>
    internal static JobLine LineOf(ITestStore store, TimeProvider time) =>
        new(store.Queries, new NoModels(), new ProcessQueueSignal(time), store.State, Options.Create(new StudioOptions()), time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task A_job_that_comes_is_in_line_and_the_others_are_not_read_again()
    {
        await AddAsync("first", told: true);
        Assert.Equal(["first"], await OrderAsync());
        await AddAsync("untold", told: false);
        await AddAsync("second", told: true);
        // Had the rows been read again, the one that nobody told of would be there.
        Assert.Equal(["first", "second"], await OrderAsync());
        Assert.Equal(["first", "second"], await ForDeviceAsync());

        _line.Forget();
        await AddAsync("third", told: true);
        Assert.Equal(["first", "untold", "second", "third"], await OrderAsync());
        Assert.Equal(["first", "untold", "second", "third"], await ForDeviceAsync());
    }

    [Fact]
    public async Task A_job_that_is_told_of_after_it_was_read_is_there_once_and_many_at_once_are_all_there()
    {
        Job early = await AddAsync("early", told: false);
        Task<IReadOnlyList<string>>[] reading = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(OrderAsync, Cancellation))];
        _line.Added(early);
        await Task.WhenAll(reading);
        Assert.Equal(["early"], await OrderAsync());

        string[] many = [.. Enumerable.Range(0, 64).Select(number => $"job-{number}")];
        await Task.WhenAll(many.Select(id => Task.Run(async () =>
        {
            await AddAsync(id, told: true);
            await OrderAsync();
        }, Cancellation)));
        IReadOnlyList<string> known = await OrderAsync();
        _line.Forget();
        Assert.Equal(await OrderAsync(), known);
        Assert.Equal(65, known.Count);
    }

    [Fact]
    public async Task A_job_that_is_begun_or_cancelled_leaves_the_line_and_the_others_are_not_read_again()
    {
        foreach (string id in new[] { "first", "second", "third" })
            await AddAsync(id, told: true);
        Assert.Equal(["first", "second", "third"], await OrderAsync());
        await AddAsync("untold", told: false);
        _line.Claimed((await _store.Jobs.ClaimAsync("w1", null, ["first"], Cancellation))!.Job);
        Assert.Equal(["second", "third"], await OrderAsync());
        CancelRequest cancelled = await _store.Jobs.RequestCancelAsync("third", OwnerScope.All, evenRunning: false, Cancellation);
        _line.Hear(new LineNews { Left = cancelled.Ended!.Number });
        // Twice, as a machine hears of what it has done itself.
        _line.Hear(new LineNews { Left = cancelled.Ended!.Number });
        Assert.Equal(["second"], await ForDeviceAsync());
        _line.Ended();
        Assert.Equal(["second"], await OrderAsync());
        _line.Forget();
        Assert.Equal(["second", "untold"], await OrderAsync());
    }

    [Fact]
    public async Task Turns_go_on_from_what_was_told_as_from_what_is_read()
    {
        foreach ((string id, string owner) in new[] { ("a1", "ann"), ("a2", "ann"), ("b1", "bob"), ("b2", "bob"), ("c1", "cid") })
            _line.Added((await _store.Jobs.AddAsync(new NewJob(id, new GenerationSettings { Type = "generate", Model = "demo", Width = 64, Height = 64 }, new SubmitOptions(owner)), 1000, Cancellation)).Job);
        while (await OrderAsync() is { Count: > 0 } told)
        {
            JobLine read = LineOf(_store, _time);
            Assert.Equal((await read.OrderAsync(Cancellation)).Jobs.Select(job => job.Id), told);
            _line.Claimed((await _store.Jobs.ClaimAsync("w1", null, told, Cancellation))!.Job);
        }
    }

    [Fact]
    public async Task While_the_queue_is_paused_no_device_has_a_job_and_afterwards_each_that_came_meanwhile()
    {
        await _store.State.SetPausedAsync(paused: true, Cancellation);
        _line.Changed();
        Assert.Empty(await ForDeviceAsync());
        await AddAsync("meanwhile", told: true);
        Assert.Empty(await ForDeviceAsync());
        Assert.Equal(["meanwhile"], await OrderAsync());
        await _store.State.SetPausedAsync(paused: false, Cancellation);
        _line.Changed();
        Assert.Equal(["meanwhile"], await ForDeviceAsync());
    }

    private async Task<Job> AddAsync(string id, bool told)
    {
        Job job = (await _store.Jobs.AddAsync(new NewJob(id, new GenerationSettings { Type = "generate", Model = "demo", Width = 64, Height = 64 }, new SubmitOptions()), 1000, Cancellation)).Job;
        if (told)
            _line.Added(job);
        return job;
    }

    private async Task<IReadOnlyList<string>> OrderAsync() => [.. (await _line.OrderAsync(Cancellation)).Jobs.Select(job => job.Id)];

    private async Task<IReadOnlyList<string>> ForDeviceAsync() => [.. (await _line.ForAsync(new AnyDevice(), Cancellation)).Select(job => job.Id)];

    private sealed class AnyDevice : IJobDevice
    {
        public string Id => "any";

        public bool CanRun(WaitingJob job) => true;

        public bool IsWarm(string model) => false;
    }

    internal sealed class NoModels : IWarmModels
    {
        public int Version => 0;

        public bool IsWarm(string model) => false;

        public bool IsWarm(string model, string? device) => false;

        public string ClassOf(string? device) => "";
    }
}
