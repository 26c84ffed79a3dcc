namespace SdStudio.Server.Queue;

/// <summary>A key that belongs to another request.</summary>
internal sealed class IdempotencyKeyException(string key)
    : Exception($"The Idempotency-Key '{key}' was used with a different request; use a new key for a new request");
