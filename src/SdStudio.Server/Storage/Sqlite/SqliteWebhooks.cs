using SdStudio.Server.Webhooks;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The outbox of webhooks, which a trigger fills.</summary>
internal sealed class SqliteWebhooks(StudioDatabase database, TimeProvider time) : IWebhookStore
{
    public async ValueTask SetAsync(IReadOnlyList<(string Name, string? Owner)> webhooks, CancellationToken cancellation)
    {
        List<(string, string?)> known = await database.ReadAsync(reader => reader.Query("SELECT name, owner FROM webhooks", row => (row.GetString(0), JobRows.Text(row, 1)))).ConfigureAwait(false);
        // A start without changes writes nothing.
        if (known.ToHashSet().SetEquals(webhooks))
            return;
        await database.WriteAsync(
            writer =>
            {
                writer.Execute("DELETE FROM webhooks");
                foreach ((string name, string? owner) in webhooks)
                    writer.Execute("INSERT INTO webhooks (name, owner) VALUES ($name, $owner)", ("$name", name), ("$owner", owner));
                writer.Execute("DELETE FROM webhook_outbox WHERE webhook NOT IN (SELECT name FROM webhooks)");
                return true;
            },
            cancellation).ConfigureAwait(false);
    }

    public ValueTask<IReadOnlyList<WebhookMessage>> DueAsync(int limit, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<WebhookMessage>>(reader => reader.Query(
        "SELECT id, webhook, job_id, status, created_at, attempts FROM webhook_outbox WHERE due_at <= $now ORDER BY due_at, created_at LIMIT $limit",
        row => new WebhookMessage(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt32(5)),
        ("$now", time.GetUtcNow().ToUnixTimeMilliseconds()), ("$limit", limit)));

    public ValueTask RemoveAsync(string id, CancellationToken cancellation) => database.ExecuteAsync("DELETE FROM webhook_outbox WHERE id = $id", cancellation, ("$id", id));

    public ValueTask PostponeAsync(string id, long dueAt, CancellationToken cancellation) => database.ExecuteAsync(
        "UPDATE webhook_outbox SET due_at = $due, attempts = attempts + 1 WHERE id = $id", cancellation, ("$id", id), ("$due", dueAt));
}
