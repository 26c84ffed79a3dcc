using System.Globalization;
using System.Text.Json.Serialization;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Queue;

/// <summary>A job, as in responses and events; the fields of the original API come first.</summary>
internal sealed record JobView(
    string Id, string Type, string Model, string Prompt, string? NegativePrompt, string Size, string? Seed, int N, string? Quality, string? Style,
    string? InputImagePath, string Status, double Progress, string? Error, long CreatedAt, long UpdatedAt, long? StartedAt, long? CompletedAt,
    int? Steps, double? CfgScale, string? Sampler, string? Scheduler, int ClipSkip, double? Strength, string? MaskImagePath, string? SourceImageId,
    string? Upscaler, int? ResizeMode, double? UpscaleFactor, int Width, int Height, int Priority, int Attempts, bool CancelRequested, string? Phase,
    int? Step, int? StepCount, double? Eta, int? Position, string? WaitingFor, long? ModelLoadingTimeMs, long? GenerationTimeMs, int ImageCount,
    string? ModelHash, string? Engine, IReadOnlyList<string> Adjustments)
{
    /// <summary>The images; only in responses with a single job.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ImageView>? Images { get; init; }

    /// <summary>Number of pixels outside the mask that differ from the input image, in all results; null without a mask.</summary>
    public int? OutsideMaskChanged { get; init; }

    /// <summary>Number of steps that a step cache skipped, in all images; null without one.</summary>
    public int? StepsSkipped { get; init; }

    /// <summary>Parts of the request that were ignored or changed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What changes along the axes of a grid; absent for other jobs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GridView? Grid { get; init; }

    /// <summary>Frames and time of a video; absent for other jobs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VideoView? Video { get; init; }

    /// <summary>The first image, for the original studio's page; only where a list is asked for in its shape.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FirstImageId { get; init; }

    /// <summary>Where that page finds it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FirstImageUrl { get; init; }

    /// <summary>The device that runs or ran it; null before the start.</summary>
    public string? Device { get; init; }

    /// <summary>The number of the image being generated, from 1; null if it is not running.</summary>
    public int? CurrentImage { get; init; }

    /// <param name="job">Its row.</param>
    /// <param name="running">What it is doing, when it runs.</param>
    public static JobView Of(Job job, RunningJob? running = null)
    {
        GenerationSettings s = job.Settings;
        // Upscaling and converting have neither noise nor steps.
        bool isSampled = s.Type is not (JobType.Upscale or JobType.Convert);
        SdCpp.Interop.GenerationProgress? last = running?.Progress.Last;
        return new JobView(
            job.Id, s.Type, s.Model, s.Prompt, s.NegativePrompt, new ImageSize(s.Width, s.Height).ToString(),
            isSampled ? s.Seed.ToString(CultureInfo.InvariantCulture) : null, s.Count, s.Quality, s.Style, s.InputImage, job.Status,
            Math.Round(running?.Progress.Fraction ?? job.Progress, 4), job.Error, job.CreatedAt, job.UpdatedAt, job.StartedAt, job.CompletedAt,
            isSampled ? s.Steps : null, isSampled ? s.CfgScale : null, s.Sampler, s.Scheduler, s.ClipSkip, s.Strength, s.MaskImage, s.SourceImageId, s.Upscaler, s.ResizeMode,
            s.UpscaleFactor, s.Width, s.Height, job.Priority, job.Attempts, job.CancelRequested,
            last?.Phase.ToString().ToLowerInvariant(), last?.Step, last?.Steps,
            running is null ? null : Math.Round(running.Progress.RemainingMs / 1000, 1), Position: null, WaitingFor: null, job.ModelLoadingMs,
            job.GenerationMs, job.ImageCount, s.ModelHash, s.Engine, s.Adjustments ?? [])
        {
            OutsideMaskChanged = s.OutsideMaskChanged,
            StepsSkipped = s.StepsSkipped,
            Notes = s.Notes ?? [],
            Grid = s.Grid is { } grid ? new GridView(grid.Axes, $"/api/queue/{job.Id}/sheet") : null,
            Video = VideoView.Of(s, imageId: null),
            Device = job.Device,
            CurrentImage = running is null ? null : Math.Min(s.Count, running.Images.Count + 1),
        };
    }
}

/// <param name="Axes">x, then y and z if present.</param>
/// <param name="SheetUrl">All images as one labelled image.</param>
internal sealed record GridView(IReadOnlyList<GridAxis> Axes, string SheetUrl);

/// <summary>An image as responses and events show it.</summary>
internal sealed record ImageView(
    string Id, string GenerationId, int IndexInBatch, string FilePath, string MimeType, int Width, int Height, string Seed, string? RevisedPrompt,
    string Url, string ThumbnailUrl)
{
    /// <summary>The device that generated it; null if unknown.</summary>
    public string? Device { get; init; }

    /// <summary>Frames and time of a video; absent for images.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VideoView? Video { get; init; }

    public static ImageView Of(JobImage image) => new(
        image.Id, image.JobId, image.Index, image.FilePath, image.MimeType, image.Width, image.Height,
        image.Seed.ToString(CultureInfo.InvariantCulture), RevisedPrompt: null, $"/api/images/{image.Id}", $"/api/images/{image.Id}/thumbnail")
    {
        Device = image.Device,
        Video = VideoView.Of(image.Settings, image.Id),
    };
}
