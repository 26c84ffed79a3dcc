using SdStudio.Server.Generation;

namespace SdStudio.Server.Queue;

/// <summary>A row of the queue. Times are Unix milliseconds; <paramref name="ErrorCode"/> is the name of an <see cref="SdCpp.Interop.SdError"/>.</summary>
internal sealed record Job(
    long Number, string Id, GenerationSettings Settings, string Owner, int Priority, string Status, double Progress, string? Error, string? ErrorCode,
    int Attempts, bool CancelRequested, long CreatedAt, long QueuedAt, long UpdatedAt, long? StartedAt, long? CompletedAt, long? ModelLoadingMs,
    long? GenerationMs, int ImageCount)
{
    /// <summary>The device it ran on; null before it started, and where devices have no names.</summary>
    public string? Device { get; init; }
}

/// <summary>What a client asks for besides the image.</summary>
/// <param name="Owner">Whose job it is: the name of the API key, or empty.</param>
/// <param name="Priority">Higher goes first.</param>
/// <param name="IdempotencyKey">The same key of the same owner never makes two jobs.</param>
/// <param name="Fingerprint">Tells whether two requests with one key are the same request.</param>
internal sealed record SubmitOptions(string Owner = "", int Priority = 0, string? IdempotencyKey = null, string? Fingerprint = null);
