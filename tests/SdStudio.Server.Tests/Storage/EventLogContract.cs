using SdStudio.Server.Events;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What holds for events in every log; it keeps the last 1,024.</summary>
public abstract class EventLogContract
{
    private protected abstract IEventLog Log { get; }

    /// <summary>Ends when everything that was published can be read.</summary>
    private protected virtual Task SettledAsync(long published) => Task.CompletedTask;

    private long _published;

    private async Task PublishAsync(int count, string channel = EventChannel.Queue, string? owner = null)
    {
        for (int i = 0; i < count; i++)
            Log.Publish(channel, $"event-{i}", owner, "{}"u8.ToArray());
        await SettledAsync(_published += count);
    }

    private protected EventSubscription Subscribe(long? after = null, params string[] channels) => Log.Subscribe(
        channels is [] ? [EventChannel.Queue] : channels, OwnerScope.All, after is { } number ? new EventPosition(Log.Epoch, number) : null);

    private protected static async Task<List<StudioEvent>> ReadAsync(EventSubscription subscription)
    {
        List<StudioEvent> read = [];
        await foreach (StudioEvent? happened in subscription.ReadAsync(TimeSpan.Zero, TestContext.Current.CancellationToken))
        {
            if (happened is null)
                break;
            read.Add(happened);
        }

        return read;
    }

    [Fact]
    public async Task A_slow_listener_gets_only_the_newest_progress_of_each_job()
    {
        using EventSubscription slow = Subscribe();
        for (int i = 0; i < 10_000; i++)
            Log.PublishLatest(EventChannel.Queue, "job_progress", i % 2 == 0 ? "a" : "b", owner: null, new byte[] { (byte)('0' + (i % 10)) });

        List<StudioEvent> read = await ReadAsync(slow);

        Assert.Equal(["8", "9"], read.Select(happened => System.Text.Encoding.ASCII.GetString(happened.Data.Span)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(1023)]
    [InlineData(1024)]
    public async Task Whoever_comes_back_hears_every_event_that_is_kept(int missed)
    {
        await PublishAsync(10);
        await PublishAsync(missed);

        using EventSubscription again = Subscribe(after: 10);

        Assert.Equal(Enumerable.Range(11, missed).Select(number => (long)number), (await ReadAsync(again)).Select(happened => happened.Number));
        await PublishAsync(1);
        Assert.Equal(11 + missed, Assert.Single(await ReadAsync(again)).Number);
    }

    [Theory]
    [InlineData(1025)]
    [InlineData(3000)]
    public async Task Whoever_missed_more_is_told_to_look_at_everything_and_goes_on_from_there(int missed)
    {
        await PublishAsync(10);
        await PublishAsync(missed);

        using EventSubscription again = Subscribe(after: 10);

        StudioEvent reset = Assert.Single(await ReadAsync(again));
        Assert.Equal((StudioEvent.ResetType, 10L + missed), (reset.Type, reset.Number));
        await PublishAsync(1);
        Assert.Equal(reset.Number + 1, Assert.Single(await ReadAsync(again)).Number);
        // The next time it comes back from where the reset left it.
        using EventSubscription later = Subscribe(after: reset.Number);
        Assert.Equal(reset.Number + 1, Assert.Single(await ReadAsync(later)).Number);
    }

    [Theory]
    [InlineData(512, 512, "event-0")]
    [InlineData(513, 1, StudioEvent.ResetType)]
    [InlineData(2000, 464, StudioEvent.ResetType)]
    public async Task A_listener_that_falls_far_behind_is_told_so_and_goes_on(int behind, int waiting, string first)
    {
        using EventSubscription stuck = Subscribe();
        await PublishAsync(behind);

        List<StudioEvent> read = await ReadAsync(stuck);

        Assert.Equal(waiting, read.Count);
        Assert.Equal(first, read[0].Type);
        await PublishAsync(1);
        Assert.Equal(behind + 1, Assert.Single(await ReadAsync(stuck)).Number);
    }

    [Theory]
    [InlineData(0, 2000)]
    [InlineData(-1, 2000)]
    [InlineData(0, 2001)]
    public async Task A_position_that_this_log_does_not_know_is_answered_with_a_reset(long epoch, long number)
    {
        await PublishAsync(2000);
        using EventSubscription known = Log.Subscribe([EventChannel.Queue], OwnerScope.All, new EventPosition(Log.Epoch + epoch, number));

        List<StudioEvent> read = await ReadAsync(known);

        Assert.Equal(epoch == 0 && number <= 2000 ? [] : [StudioEvent.ResetType], read.Select(happened => happened.Type));
    }

    [Fact]
    public async Task Only_the_chosen_channels_come()
    {
        using EventSubscription models = Subscribe(after: null, EventChannel.Models);
        await PublishAsync(3);
        await PublishAsync(1, EventChannel.Models);
        models.Remove(EventChannel.Models);
        await PublishAsync(1, EventChannel.Models);

        Assert.Single(await ReadAsync(models));
    }

    [Fact]
    public async Task Nobody_hears_of_what_belongs_to_somebody_else()
    {
        using EventSubscription live = Log.Subscribe([EventChannel.Queue], OwnerScope.Of("bob"));
        await PublishAsync(1, owner: "alice");
        await PublishAsync(1, owner: "bob");
        await PublishAsync(1, owner: null);
        Log.PublishLatest(EventChannel.Queue, "job_progress", "a job", "alice", "{}"u8.ToArray());

        Assert.Equal([2L, 3L], (await ReadAsync(live)).Select(happened => happened.Number));
        using EventSubscription back = Log.Subscribe([EventChannel.Queue], OwnerScope.Of("bob"), new EventPosition(Log.Epoch, 0));
        Assert.Equal([2L, 3L], (await ReadAsync(back)).Select(happened => happened.Number));
        using EventSubscription administrator = Log.Subscribe([EventChannel.Queue], OwnerScope.Of("default"), new EventPosition(Log.Epoch, 0));
        Assert.Equal(3, (await ReadAsync(administrator)).Count);
    }
}

public sealed class RingEventLogTests : EventLogContract
{
    private protected override IEventLog Log { get; } = new RingEventLog(TimeProvider.System);

    [Fact]
    public async Task Large_events_are_kept_within_a_bound_of_bytes()
    {
        for (int i = 0; i < 100; i++)
            Log.Publish(EventChannel.Queue, "large", owner: null, new byte[1024 * 1024]);

        using EventSubscription recent = Subscribe(after: 90);
        Assert.Equal(10, (await ReadAsync(recent)).Count);
        using EventSubscription old = Subscribe(after: 50);
        Assert.Equal(StudioEvent.ResetType, Assert.Single(await ReadAsync(old)).Type);
    }
}
