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
        await database.Writer.WriteAsync(
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

    // One process has the file, and it asks for a webhook's next message after it is done with the one before.
    public ValueTask<WebhookMessage?> TakeAsync(string webhook, TimeSpan hold, CancellationToken cancellation) => database.ReadAsync(reader => reader.Query(
        "SELECT id, job_id, status, created_at, attempts FROM webhook_outbox WHERE webhook = $webhook AND due_at <= $now ORDER BY due_at, created_at LIMIT 1",
        row => new WebhookMessage(row.GetString(0), webhook, row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt32(4)),
        ("$webhook", webhook), ("$now", Now)).FirstOrDefault());

    public ValueTask RemoveAsync(string id, CancellationToken cancellation) => database.ExecuteAsync("DELETE FROM webhook_outbox WHERE id = $id", cancellation, ("$id", id));

    public ValueTask PostponeAsync(string id, TimeSpan delay, CancellationToken cancellation) => database.ExecuteAsync(
        "UPDATE webhook_outbox SET due_at = $due, attempts = attempts + 1 WHERE id = $id", cancellation, ("$id", id), ("$due", Now + (long)delay.TotalMilliseconds));

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}
