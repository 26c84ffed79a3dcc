using SdStudio.Server.Generation;

namespace SdStudio.Server.Queue;

/// <summary>What a job has brought: its images are on disk, its row is not written yet.</summary>
internal sealed record JobResult(GenerationSettings Settings, IReadOnlyList<JobImage> Images, long LoadingMs, long GenerationMs)
{
    /// <summary>What the phases took; null when that says nothing about the next job.</summary>
    public ModelCosts? Measured { get; init; }

    /// <summary>Of the device that they were measured on.</summary>
    public string DeviceClass { get; init; } = "";
}
