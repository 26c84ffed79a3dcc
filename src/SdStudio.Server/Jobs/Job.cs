namespace SdStudio.Server.Jobs;

/// <summary>A row of the queue. Times are Unix milliseconds; <paramref name="ErrorCode"/> is the name of an <see cref="SdCpp.Interop.SdError"/>.</summary>
internal sealed record Job(
    string Id, JobSettings Settings, string Status, double Progress, string? Error, string? ErrorCode, int Attempts, long CreatedAt,
    long UpdatedAt, long? StartedAt, long? CompletedAt, long? ModelLoadingMs, long? GenerationMs);
