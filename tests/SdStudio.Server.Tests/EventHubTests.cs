using SdStudio.Server.Events;

namespace SdStudio.Server.Tests;

public sealed class EventHubTests
{
    private readonly EventHub _hub = new(TimeProvider.System);

    private void Publish(int count, string channel = EventChannel.Queue)
    {
        for (int i = 0; i < count; i++)
            _hub.Publish(channel, $"event-{i}", new byte[] { (byte)'{', (byte)'}' });
    }

    private static async Task<List<StudioEvent>> ReadAsync(EventSubscription subscription)
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
        using EventSubscription slow = _hub.Subscribe([EventChannel.Queue]);
        for (int i = 0; i < 10_000; i++)
            _hub.PublishLatest(EventChannel.Queue, "job_progress", i % 2 == 0 ? "a" : "b", new byte[] { (byte)('0' + (i % 10)) });

        List<StudioEvent> read = await ReadAsync(slow);

        Assert.Equal(["8", "9"], read.Select(happened => System.Text.Encoding.ASCII.GetString(happened.Data.Span)));
    }

    [Fact]
    public async Task A_listener_that_falls_far_behind_is_dropped_and_can_go_on_where_it_was()
    {
        using EventSubscription stuck = _hub.Subscribe([EventChannel.Queue]);
        Publish(600);

        Assert.Empty(await ReadAsync(stuck));
        using EventSubscription again = _hub.Subscribe([EventChannel.Queue], new EventPosition(_hub.Epoch, 100));
        Assert.False(again.Missed);
        Assert.Equal(101, (await ReadAsync(again))[0].Number);
    }

    [Fact]
    public void Who_was_away_too_long_is_told_so()
    {
        Publish(2000);

        Assert.True(_hub.Subscribe([EventChannel.Queue], new EventPosition(_hub.Epoch, 1)).Missed);
        Assert.True(_hub.Subscribe([EventChannel.Queue], new EventPosition(_hub.Epoch - 1, 2000)).Missed);
        Assert.True(_hub.Subscribe([EventChannel.Queue], new EventPosition(_hub.Epoch, 2001)).Missed);
        Assert.False(_hub.Subscribe([EventChannel.Queue], new EventPosition(_hub.Epoch, 1990)).Missed);
        Assert.False(_hub.Subscribe([EventChannel.Queue]).Missed);
    }

    [Fact]
    public async Task Only_the_chosen_channels_come()
    {
        using EventSubscription models = _hub.Subscribe([EventChannel.Models]);
        Publish(3);
        Publish(1, EventChannel.Models);
        models.Remove(EventChannel.Models);
        Publish(1, EventChannel.Models);

        Assert.Single(await ReadAsync(models));
    }
}
