namespace SdStudio.Server.Webhooks;

/// <summary>What webhooks are still to be told. Ends of jobs write themselves down, in their own transactions.</summary>
internal interface IWebhookStore
{
    /// <summary>Who is to be told from now on. What others were still to be told is forgotten.</summary>
    ValueTask SetAsync(IReadOnlyList<(string Name, string? Owner)> webhooks, CancellationToken cancellation);

    /// <summary>Takes the oldest message for a webhook whose time has come; null for none. Nobody else gets it until <paramref name="hold"/> is over.</summary>
    ValueTask<WebhookMessage?> TakeAsync(string webhook, TimeSpan hold, CancellationToken cancellation);

    /// <summary>A message was taken, or nobody wants it any more.</summary>
    ValueTask RemoveAsync(string id, CancellationToken cancellation);

    /// <summary>A message was not taken: it is tried again after a time.</summary>
    ValueTask PostponeAsync(string id, TimeSpan delay, CancellationToken cancellation);
}

/// <param name="Id">The same in every try.</param>
/// <param name="Webhook">The name of the one who is told.</param>
/// <param name="JobId">The job that has ended.</param>
/// <param name="Status">How.</param>
/// <param name="CreatedAt">When, Unix milliseconds.</param>
/// <param name="Attempts">How often it was tried.</param>
internal sealed record WebhookMessage(string Id, string Webhook, string JobId, string Status, long CreatedAt, int Attempts);
