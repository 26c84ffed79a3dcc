namespace SdStudio.Server.Webhooks;

/// <summary>What webhooks are still to be told. Ends of jobs write themselves down, in their own transactions.</summary>
internal interface IWebhookStore
{
    /// <summary>Who is to be told from now on. What others were still to be told is forgotten.</summary>
    ValueTask SetAsync(IReadOnlyList<(string Name, string? Owner)> webhooks, CancellationToken cancellation);

    /// <summary>Messages whose time has come, the oldest first.</summary>
    ValueTask<IReadOnlyList<WebhookMessage>> DueAsync(int limit, CancellationToken cancellation);

    /// <summary>A message was taken, or nobody wants it any more.</summary>
    ValueTask RemoveAsync(string id, CancellationToken cancellation);

    /// <summary>A message was not taken: it is tried again.</summary>
    ValueTask PostponeAsync(string id, long dueAt, CancellationToken cancellation);
}

/// <param name="Id">The same in every try.</param>
/// <param name="Webhook">The name of the one who is told.</param>
/// <param name="JobId">The job that has ended.</param>
/// <param name="Status">How.</param>
/// <param name="CreatedAt">When, Unix milliseconds.</param>
/// <param name="Attempts">How often it was tried.</param>
internal sealed record WebhookMessage(string Id, string Webhook, string JobId, string Status, long CreatedAt, int Attempts);
