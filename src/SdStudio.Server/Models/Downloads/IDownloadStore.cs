namespace SdStudio.Server.Models.Downloads;

/// <summary>Keeps downloads.</summary>
internal interface IDownloadStore
{
    ValueTask AddAsync(string id, string model, CancellationToken cancellation);

    ValueTask SaveAsync(DownloadRow row, CancellationToken cancellation);

    ValueTask<DownloadRow?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>Those that a stop or a crash has interrupted.</summary>
    ValueTask<IReadOnlyList<DownloadRow>> UnfinishedAsync(CancellationToken cancellation);
}

/// <summary>A download as it is kept.</summary>
internal sealed record DownloadRow(string Id, string Model, string Status, string? Error, long BytesDownloaded, long TotalBytes);
