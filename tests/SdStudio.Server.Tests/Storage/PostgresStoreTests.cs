using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SdStudio.Server.Events;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Postgres;
using SdStudio.Tests;

namespace SdStudio.Server.Tests.Storage;

/// <summary>One PostgreSQL for all classes that test the store over it.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresGroup : ICollectionFixture<PostgresFixture>
{
    public const string Name = "PostgreSQL";
}

public sealed class PostgresFixture : IDisposable
{
    private readonly string _reason;

    public PostgresFixture() => Server = PostgresServer.Start(out _reason);

    internal PostgresServer? Server { get; }

    internal string NewDatabase(params string[] options)
    {
        Assert.SkipWhen(Server is null, _reason);
        return Server.NewDatabase(options);
    }

    public void Dispose() => Server?.Dispose();
}

/// <summary>An empty database with what is in it.</summary>
internal sealed class PostgresStore : ITestStore, IDisposable
{
    // A lease without time, so that what a test claims can be decided about as after a death; whoever holds it may write all the same.
    public PostgresStore(PostgresFixture postgres, TimeSpan? lease = null)
    {
        Connection = postgres.NewDatabase();
        Database = new PostgresDatabase(Connection);
        Node = new NodeIdentity("a node", FormerWorker: null);
        Lease = new LeaseTime(lease ?? TimeSpan.Zero);
        Jobs = new PostgresJobStore(Database, Node, Lease);
        Queries = new PostgresJobQueries(Database, Node);
        State = new PostgresSharedState(Database);
        Costs = new PostgresModelCostStore(Database);
    }

    public string Connection { get; }

    public PostgresDatabase Database { get; }

    public NodeIdentity Node { get; }

    public LeaseTime Lease { get; }

    public IJobStore Jobs { get; }

    public IJobQueries Queries { get; }

    public ISharedState State { get; }

    public IModelCostStore Costs { get; }

    public void Dispose() => Database.Dispose();
}

[Collection(PostgresGroup.Name)]
public sealed class LeaseKeeperTests(PostgresFixture postgres) : IDisposable
{
    private readonly PostgresStore _store = new(postgres, TimeSpan.FromSeconds(30));
    private readonly ManualTime _time = new(DateTimeOffset.UtcNow);
    private readonly Listened _log = new();
    private readonly ServiceProvider _metrics = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _metrics.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task Without_the_database_a_job_is_let_go_when_its_own_time_is_over_and_one_that_has_ended_is_nobody_elses()
    {
        (RunningJobs running, LeaseKeeper keeper) = Machine();
        RunningJob early = await BeginAsync(running, "early");
        RunningJob ended = await BeginAsync(running, "ended");
        _time.Advance(TimeSpan.FromSeconds(20));
        await _store.Jobs.CompleteAsync(ended.Lease, new JobResult(ended.Job.Settings, [], 5, 7), Cancellation);
        await keeper.KeepAsync(Cancellation);
        Assert.Empty(_log.Lines);

        _time.Advance(TimeSpan.FromSeconds(20));
        RunningJob late = await BeginAsync(running, "late");
        keeper.LoseOverdue();
        Assert.Equal((false, false), (early.IsLost, late.IsLost));
        _time.Advance(TimeSpan.FromSeconds(15));
        keeper.LoseOverdue();
        Assert.Equal((true, false), (early.IsLost, late.IsLost));

        // Another machine has it: that is told.
        await _store.Database.ExecuteAsync("UPDATE jobs SET worker = 'w2', claim = claim + 1 WHERE id = 'late'", Cancellation);
        await keeper.KeepAsync(Cancellation);
        Assert.True(late.IsLost);
        Assert.Contains(_log.Lines, line => line.Contains("late", StringComparison.Ordinal));
    }

    private (RunningJobs Running, LeaseKeeper Keeper) Machine()
    {
        var telemetry = new JobTelemetry(_metrics.GetRequiredService<IMeterFactory>(), new ConfigurationBuilder().Build(), _time);
        var running = new RunningJobs(_store.Costs, new JobLineTests.NoModels(), _store.Queries, new JobEvents(new RingEventLog(_time), telemetry, _time), new OtherNodes(areShared: true), _time);
        return (running, new LeaseKeeper(_store.Database, nodes: null!, running, _store.Lease, _time, _log));
    }

    private async Task<RunningJob> BeginAsync(RunningJobs running, string id)
    {
        var settings = new GenerationSettings { Type = "generate", Model = "demo", Width = 64, Height = 64 };
        await _store.Jobs.AddAsync(new NewJob(id, settings, new SubmitOptions()), 10, Cancellation);
        return await running.BeginAsync((await _store.Jobs.ClaimAsync(WorkerName.OfThisProcess, null, [id], Cancellation))!, Cancellation);
    }

    private sealed class Listened : ILogger<LeaseKeeper>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}

[Collection(PostgresGroup.Name)]
public sealed class PostgresJobStoreTests(PostgresFixture postgres) : JobStoreContract, IDisposable
{
    private readonly PostgresStore _store = new(postgres);

    private protected override ITestStore Store => _store;

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task A_job_is_its_workers_until_the_time_is_over_or_the_worker_is_known_to_be_gone()
    {
        var held = new PostgresJobStore(_store.Database, _store.Node, new LeaseTime(TimeSpan.FromHours(1)));
        await AddAsync("job");
        Lease lease = (await held.ClaimAsync("w1", null, ["job"], Cancellation))!.Lease;

        Assert.Empty(await Queries.LostAsync(Cancellation));
        Assert.Null(await held.RecoverAsync("job", failure: null, counts: false, Cancellation));
        var next = new NodeIdentity(_store.Node.Id, FormerWorker: "w1");
        Assert.Equal("job", Assert.Single(await new PostgresJobQueries(_store.Database, next).LostAsync(Cancellation)).Job.Id);
        Assert.Equal(JobStatus.Pending, (await new PostgresJobStore(_store.Database, next, _store.Lease).RecoverAsync("job", failure: null, counts: false, Cancellation))?.Status);
        Assert.Null(await held.CompleteAsync(lease, Result("job"), Cancellation));
    }

    [Fact]
    public async Task Machines_hear_of_each_job_that_comes_and_goes_and_read_the_others_once()
    {
        var time = new ManualTime(DateTimeOffset.UtcNow);
        JobLine line = JobLineTests.LineOf(_store, time);
        await using NpgsqlConnection connection = await _store.Database.ConnectAsync(Cancellation);
        connection.Notification += (_, bell) => line.Hear(JsonSerializer.Deserialize(bell.Payload, PostgresJson.Default.LineNews)!);
        await using (var command = new NpgsqlCommand($"LISTEN {PostgresBells.Queue}", connection))
            await command.ExecuteNonQueryAsync(Cancellation);
        async Task<string> OrderAsync(int bells)
        {
            for (int bell = 0; bell < bells; bell++)
                await connection.WaitAsync(Cancellation);
            return string.Join(' ', (await line.OrderAsync(Cancellation)).Jobs.Select(job => $"{job.Id}{job.ModelHash}"));
        }

        Assert.Equal("", await OrderAsync(0));
        // Nobody is told of it: had the rows been read again, it would be there.
        await _store.Database.ExecuteAsync(
            "INSERT INTO jobs (id, type, model, settings, prompt, status, created_at, queued_at, updated_at) VALUES ('untold', 'generate', 'demo', '{}', '', 'pending', 1, 1, 1)", Cancellation);
        Job first = (await Jobs.AddAsync(new NewJob("first", new GenerationSettings { Type = "generate", Model = "demo", Width = 64, Height = 64, ModelHash = "+hash" }, new SubmitOptions("ann")), 10, Cancellation)).Job;
        line.Added(first);
        Assert.Equal("first+hash", await OrderAsync(1));
        await AddAsync("second");
        await AddAsync("third");
        Assert.Equal("first+hash second third", await OrderAsync(2));
        await Jobs.ClaimAsync("w1", null, ["second"], Cancellation);
        await Jobs.RequestCancelAsync("third", OwnerScope.All, evenRunning: true, Cancellation);
        Assert.Equal("first+hash", await OrderAsync(2));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("untold first+hash", await OrderAsync(0));
    }

    [Fact]
    public async Task A_machine_that_is_drained_begins_nothing_and_others_do()
    {
        await AddAsync("job");
        await _store.Database.ExecuteAsync(
            "INSERT INTO nodes VALUES (@id, 'name', '1', 'w1', 'cpu', 0, sdstudio_now(), true)", Cancellation, ("id", _store.Node.Id));

        Assert.Null(await Jobs.ClaimAsync("w1", null, ["job"], Cancellation));
        Assert.NotNull(await new PostgresJobStore(_store.Database, new NodeIdentity("another", null), _store.Lease).ClaimAsync("w2", null, ["job"], Cancellation));
    }

    [Fact]
    public async Task Only_one_process_decides_about_the_jobs_of_the_dead()
    {
        var begun = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        Task<bool> first = State.RecoverAloneAsync(
            async () =>
            {
                begun.SetResult();
                await end.Task;
            },
            Cancellation).AsTask();
        await begun.Task;

        Assert.False(await State.RecoverAloneAsync(() => throw new InvalidOperationException("two at once"), Cancellation));
        end.SetResult();
        Assert.True(await first);
        Assert.True(await State.RecoverAloneAsync(() => Task.CompletedTask, Cancellation));
    }
}

[Collection(PostgresGroup.Name)]
public sealed class PostgresJobQueriesTests(PostgresFixture postgres) : JobQueriesContract, IDisposable
{
    private readonly PostgresStore _store = new(postgres);

    private protected override ITestStore Store => _store;

    public void Dispose() => _store.Dispose();
}

[Collection(PostgresGroup.Name)]
public sealed class PostgresSharedStateTests(PostgresFixture postgres) : SharedStateContract, IDisposable
{
    private readonly PostgresStore _store = new(postgres);

    private protected override ITestStore Store => _store;

    public void Dispose() => _store.Dispose();
}

[Collection(PostgresGroup.Name)]
public sealed class PostgresEventLogTests(PostgresFixture postgres) : EventLogContract, IAsyncLifetime
{
    private readonly PostgresStore _store = new(postgres);
    private PostgresEventLog _log = null!;

    private protected override IEventLog Log => _log;

    private protected override async Task SettledAsync(long published)
    {
        while (_log.Number < published)
            await Task.Delay(1, TestContext.Current.CancellationToken);
    }

    public async ValueTask InitializeAsync()
    {
        _log = new PostgresEventLog(_store.Database, _store.Node, NullLogger<PostgresEventLog>.Instance);
        await _log.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _log.StopAsync(CancellationToken.None);
        _log.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task What_a_machine_committed_before_it_died_is_told_by_another_once_and_in_its_order()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        // The log of the machine that dies never runs: all that it does is to commit.
        using var dying = new PostgresDatabase(_store.Connection);
        var jobs = new PostgresJobStore(dying, new NodeIdentity("dying", null), _store.Lease);
        using EventSubscription listener = Subscribe(null, EventChannel.Queue, EventChannel.Generations);
        GenerationSettings settings = new() { Type = "generate", Model = "demo", Prompt = "a red circle", Width = 64, Height = 64, Seed = 1, Count = 2, Steps = 4, CfgScale = 1 };
        await jobs.AddAsync(new NewJob("job", settings, new SubmitOptions("", 0, null, null)), 10, cancellation);
        Lease lease = (await jobs.ClaimAsync("w1", null, ["job"], cancellation))!.Lease;
        JobImage[] images = [.. Enumerable.Range(0, 2).Select(index => new JobImage($"job-{index}", "job", index, $"images/job-{index}.png", "image/png", 64, 64, index))];
        Assert.True(await jobs.AddImageAsync(lease, images[0], cancellation));
        Assert.NotNull(await jobs.CompleteAsync(lease, new JobResult(settings, images, 5, 7), cancellation));
        // A write that changes nothing tells nothing.
        Assert.False(await jobs.AddImageAsync(lease, images[0], cancellation));

        await SettledAsync(7);
        Assert.Equal(
            ["job_created", "job_updated", "image_completed", "image_completed", "job_completed", "generation_completed", "generation_complete"],
            (await ReadAsync(listener)).Select(happened => happened.Type));
        Assert.Equal(0L, await _store.Database.FirstAsync("SELECT count(*) FROM event_outbox", row => row.GetInt64(0), cancellation));
    }

    [Fact]
    public async Task A_transaction_that_takes_long_keeps_no_event_of_others_back_and_loses_none_of_its_own()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using EventSubscription listener = Subscribe();
        var noted = new TaskCompletionSource();
        var commit = new TaskCompletionSource();
        Task slow = _store.Database.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync(PostgresEventLog.Note, PostgresEventLog.Notes([new NewEvent(EventChannel.Queue, "slow", null, "{}"u8.ToArray())]));
                noted.SetResult();
                await commit.Task;
                session.Tell(new NewEvent(EventChannel.Queue, "slow too", null, "{}"u8.ToArray()));
                return true;
            },
            cancellation).AsTask();
        await noted.Task;
        Log.Publish(EventChannel.Queue, "fast", null, "{}"u8.ToArray());
        await SettledAsync(1);
        commit.SetResult();
        await slow;
        await SettledAsync(3);

        Assert.Equal([(1L, "fast"), (2L, "slow"), (3L, "slow too")], (await ReadAsync(listener)).Select(happened => (happened.Number, happened.Type)));
    }

    [Fact]
    public async Task Two_machines_hear_the_same_events_in_the_same_order_and_a_listener_goes_on_at_either()
    {
        using var other = new PostgresEventLog(_store.Database, new NodeIdentity("another", null), NullLogger<PostgresEventLog>.Instance);
        await other.StartAsync(TestContext.Current.CancellationToken);
        using EventSubscription here = Subscribe();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(index => Task.Run(() => (index % 2 == 0 ? Log : other).Publish(EventChannel.Queue, $"event-{index}", null, "{}"u8.ToArray()))));
        await SettledAsync(200);
        while (other.Number < 200)
            await Task.Delay(1, TestContext.Current.CancellationToken);

        List<StudioEvent> heard = await ReadAsync(here);
        Assert.Equal(200, heard.Select(one => one.Type).Distinct(StringComparer.Ordinal).Count());
        using EventSubscription there = other.Subscribe([EventChannel.Queue], OwnerScope.All, new EventPosition(Log.Epoch, 50));
        Assert.Equal(heard.Skip(50).Select(one => (one.Number, one.Type)), (await ReadAsync(there)).Select(one => (one.Number, one.Type)));
        await other.StopAsync(CancellationToken.None);
    }
}
