namespace SdStudio.Server.Queue;

/// <summary>An image of a job. <paramref name="FilePath"/> is relative to the data directory.</summary>
internal sealed record JobImage(string Id, string JobId, int Index, string FilePath, string MimeType, int Width, int Height, long Seed);
