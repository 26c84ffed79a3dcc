using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Postgres;
using SdStudio.Server.Storage.Sqlite;
using SdStudio.Server.Webhooks;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What holds for the outbox of webhooks in every store.</summary>
public abstract class WebhookStoreContract : StoreContract
{
    private protected static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);

    private protected abstract IWebhookStore Webhooks { get; }

    [Fact]
    public async Task Every_end_of_a_job_is_a_message_to_those_it_is_for_and_nothing_else_is()
    {
        await Webhooks.SetAsync([("all", null), ("anns", "ann")], Cancellation);
        await AddAsync("completed", owner: "ann");
        await CompleteAsync("completed");
        await AddAsync("failed", owner: "bob");
        await Jobs.FailAsync(await ClaimAsync("failed"), new JobFailure("no", "Internal", 0.5), Cancellation);
        await AddAsync("waiting", owner: "ann");
        await Jobs.RequestCancelAsync("waiting", OwnerScope.All, evenRunning: false, Cancellation);
        await AddAsync("running", owner: "ann");
        await Jobs.CancelledAsync(await ClaimAsync("running"), 0.5, Cancellation);
        await AddAsync("back", owner: "ann");
        await Jobs.PutBackAsync(await ClaimAsync("back"), Cancellation);

        Assert.Equal(["cancelled running", "cancelled waiting", "completed completed", "failed failed"], await AllAsync("all"));
        Assert.Equal(["cancelled running", "cancelled waiting", "completed completed"], await AllAsync("anns"));
        await Jobs.RetryAsync("failed", OwnerScope.All, Plenty, Cancellation);
        await CompleteAsync("failed");
        Assert.Equal(["completed failed"], await AllAsync("all"));
    }

    [Fact]
    public async Task A_message_that_was_not_taken_comes_again_with_the_same_id_when_its_time_has_come()
    {
        await Webhooks.SetAsync([("shop", null)], Cancellation);
        await AddAsync("job");
        await CompleteAsync("job");

        WebhookMessage first = (await Webhooks.TakeAsync("shop", Hold, Cancellation))!;
        await Webhooks.PostponeAsync(first.Id, TimeSpan.FromHours(1), Cancellation);
        Assert.Null(await Webhooks.TakeAsync("shop", Hold, Cancellation));
        await Webhooks.PostponeAsync(first.Id, TimeSpan.FromHours(-1), Cancellation);

        WebhookMessage again = (await Webhooks.TakeAsync("shop", Hold, Cancellation))!;
        Assert.Equal((first.Id, "job", "completed", 2), (again.Id, again.JobId, again.Status, again.Attempts));
        await Webhooks.RemoveAsync(again.Id, Cancellation);
        Assert.Null(await Webhooks.TakeAsync("shop", Hold, Cancellation));
    }

    [Fact]
    public async Task Who_is_no_longer_named_is_told_nothing_and_others_keep_what_waits_for_them()
    {
        await Webhooks.SetAsync([("old", null), ("shop", null)], Cancellation);
        await AddAsync("job");
        await CompleteAsync("job");

        await Webhooks.SetAsync([("shop", null), ("new", null)], Cancellation);

        Assert.Null(await Webhooks.TakeAsync("old", Hold, Cancellation));
        Assert.Null(await Webhooks.TakeAsync("new", Hold, Cancellation));
        Assert.Equal(["completed job"], await AllAsync("shop"));
    }

    private async Task<string[]> AllAsync(string webhook)
    {
        List<string> all = [];
        while (await Webhooks.TakeAsync(webhook, Hold, Cancellation) is { } message)
        {
            all.Add($"{message.Status} {message.JobId}");
            await Webhooks.RemoveAsync(message.Id, Cancellation);
        }

        return [.. all.Order(StringComparer.Ordinal)];
    }
}

public sealed class SqliteWebhooksTests : WebhookStoreContract, IDisposable
{
    private readonly SqliteStore _store = new();

    private protected override ITestStore Store => _store;

    private protected override IWebhookStore Webhooks => new SqliteWebhooks(_store.Database, TimeProvider.System);

    public void Dispose() => _store.Dispose();
}

[Collection(PostgresGroup.Name)]
public sealed class PostgresWebhooksTests(PostgresFixture postgres) : WebhookStoreContract, IDisposable
{
    private readonly PostgresStore _store = new(postgres);

    private protected override ITestStore Store => _store;

    private protected override IWebhookStore Webhooks => new PostgresWebhooks(_store.Database);

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Many_machines_send_each_message_once()
    {
        const int Count = 100;
        await Webhooks.SetAsync([("shop", null)], Cancellation);
        await AtOnceAsync(Count, async index => (await AddAsync($"job-{index:000}")).Id);
        Assert.Equal(Count, (await Jobs.CancelWaitingAsync(OwnerScope.All, Cancellation)).Count);

        List<string>[] taken = await AtOnceAsync(8, async _ =>
        {
            var machine = new PostgresWebhooks(_store.Database);
            List<string> own = [];
            while (await machine.TakeAsync("shop", Hold, Cancellation) is { } message)
                own.Add(message.JobId);
            return own;
        });

        Assert.Equal(Enumerable.Range(0, Count).Select(index => $"job-{index:000}"), taken.SelectMany(own => own).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_a_machine_had_taken_when_it_died_is_sent_by_another()
    {
        await Webhooks.SetAsync([("shop", null)], Cancellation);
        await AddAsync("job");
        await CompleteAsync("job");
        WebhookMessage died = (await Webhooks.TakeAsync("shop", TimeSpan.Zero, Cancellation))!;

        WebhookMessage? taken = null;
        while (taken is null)
            taken = await new PostgresWebhooks(_store.Database).TakeAsync("shop", Hold, Cancellation);

        Assert.Equal(died, taken);
    }
}
