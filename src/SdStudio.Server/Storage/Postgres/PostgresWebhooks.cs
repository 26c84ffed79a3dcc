using SdStudio.Server.Webhooks;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The outbox of webhooks, which a trigger fills. Every machine sends; each message is one machine's at a time.</summary>
internal sealed class PostgresWebhooks(PostgresDatabase database) : IWebhookStore
{
    public async ValueTask SetAsync(IReadOnlyList<(string Name, string? Owner)> webhooks, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            // Machines that start at the same time.
            await session.ExecuteAsync("LOCK TABLE webhooks IN SHARE ROW EXCLUSIVE MODE").ConfigureAwait(false);
            List<(string, string?)> known = await session.QueryAsync("SELECT name, owner FROM webhooks", row => (row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1))).ConfigureAwait(false);
            if (known.ToHashSet().SetEquals(webhooks))
                return false;
            await session.ExecuteAsync("DELETE FROM webhooks").ConfigureAwait(false);
            await session.ExecuteAsync(
                "INSERT INTO webhooks (name, owner) SELECT name, owner FROM unnest(@names, @owners) AS new (name, owner)",
                ("names", webhooks.Select(webhook => webhook.Name).ToArray()), ("owners", webhooks.Select(webhook => webhook.Owner).ToArray())).ConfigureAwait(false);
            await session.ExecuteAsync("DELETE FROM webhook_outbox WHERE webhook NOT IN (SELECT name FROM webhooks)").ConfigureAwait(false);
            return true;
        },
        cancellation).ConfigureAwait(false);

    public async ValueTask<WebhookMessage?> TakeAsync(string webhook, TimeSpan hold, CancellationToken cancellation) => (await database.WriteAsync(
        "UPDATE webhook_outbox SET due_at = sdstudio_now() + @hold WHERE id = " +
        "(SELECT id FROM webhook_outbox WHERE webhook = @webhook AND due_at <= sdstudio_now() ORDER BY due_at, created_at LIMIT 1 FOR UPDATE SKIP LOCKED) " +
        "RETURNING id, webhook, job_id, status, created_at, attempts",
        row => new WebhookMessage(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt32(5)),
        cancellation, ("webhook", webhook), ("hold", (long)hold.TotalMilliseconds)).ConfigureAwait(false)).FirstOrDefault();

    public ValueTask RemoveAsync(string id, CancellationToken cancellation) => database.ExecuteAsync("DELETE FROM webhook_outbox WHERE id = @id", cancellation, ("id", id));

    public ValueTask PostponeAsync(string id, TimeSpan delay, CancellationToken cancellation) => database.ExecuteAsync(
        "UPDATE webhook_outbox SET due_at = sdstudio_now() + @delay, attempts = attempts + 1 WHERE id = @id", cancellation, ("id", id), ("delay", (long)delay.TotalMilliseconds));
}
