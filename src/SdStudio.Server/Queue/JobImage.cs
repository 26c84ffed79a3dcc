using SdStudio.Server.Generation;

namespace SdStudio.Server.Queue;

/// <summary>An image of a job. <paramref name="FilePath"/> is relative to the data directory.</summary>
internal sealed record JobImage(string Id, string JobId, int Index, string FilePath, string MimeType, int Width, int Height, long Seed)
{
    /// <summary>What it was made with, where that is not what its job says: each image of a template has words of its own. Null for the job's.</summary>
    public GenerationSettings? Settings { get; init; }

    /// <summary>What makes it a video; null for an image.</summary>
    public VideoSetting? Video => Settings?.Video;

    /// <summary>What it was made on: of a batch, devices with nothing else to do make some images. Null for imported images and those of earlier versions.</summary>
    public string? Device { get; init; }

    /// <summary>What it was made with, its seed among it.</summary>
    public GenerationSettings SettingsOf(Job job) => (Settings ?? job.Settings.ForImage(Index)) with { Seed = Seed, Count = 1 };
}
