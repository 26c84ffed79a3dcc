using System.Text.Json.Serialization;

namespace SdStudio.Server.Models.Downloads;

/// <summary>A download, as in responses and events; the fields of the original API come first.</summary>
/// <param name="Status">downloading, completed, failed or cancelled.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="BytesDownloaded">Including parts kept from earlier attempts.</param>
/// <param name="TotalBytes">The size of all missing files; 0 before the hub has answered.</param>
/// <param name="DownloadId">Its id.</param>
/// <param name="Model">The model's id; for an added file, its destination.</param>
/// <param name="BytesPerSecond">Over the last seconds; null if it is not running.</param>
/// <param name="SecondsLeft">At the current speed; null if unknown.</param>
/// <param name="CurrentFile">As named in the catalogue; null if it is not running.</param>
/// <param name="Error">Why it failed; null if it did not.</param>
internal sealed record DownloadView(
    string Status, double Progress, long BytesDownloaded, long TotalBytes, [property: JsonPropertyName("downloadId")] string DownloadId, string Model,
    long? BytesPerSecond, double? SecondsLeft, string? CurrentFile, string? Error)
{
    /// <summary>A remark about a completed download; null for none.</summary>
    public string? Note { get; init; }

    public static DownloadView Of(DownloadRow row, ModelDownload? running) => new(
        row.Status, ProgressOf(row), row.BytesDownloaded, row.TotalBytes, row.Id, AddedFile.Parse(row.Model)?.Written ?? row.Model,
        running is null ? null : (long)running.Speed, running?.SecondsLeft, running?.CurrentFile,
        row.Status == "completed" ? null : row.Error)
    {
        Note = row.Status == "completed" ? row.Error : null,
    };

    private static double ProgressOf(DownloadRow row) => row switch
    {
        { Status: "completed" } => 1,
        { TotalBytes: > 0 } => Math.Round(Math.Min(1, row.BytesDownloaded / (double)row.TotalBytes), 4),
        _ => 0,
    };
}

/// <summary>The JSON of what events tell about downloads.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DownloadView))]
internal sealed partial class DownloadJson : JsonSerializerContext;
