namespace SdStudio.Server.Generation;

/// <summary>What a video has that an image has not.</summary>
internal sealed record VideoSetting
{
    /// <summary>What every browser shows and every server writes.</summary>
    public const string DefaultFormat = "webp";

    public int Frames { get; init; } = 1;

    /// <summary>Frames a second: as asked for, then as made.</summary>
    public int Fps { get; init; } = 16;

    /// <summary>Of the file.</summary>
    public string Format { get; init; } = DefaultFormat;

    /// <summary>The last frame, relative to the data directory; null for none.</summary>
    public string? EndImage { get; init; }

    /// <summary>What the frames follow, all in one file relative to the data directory; null for nothing.</summary>
    public string? ControlFrames { get; init; }

    public double? ControlStrength { get; init; }

    public int? HighNoiseSteps { get; init; }

    public double? HighNoiseCfgScale { get; init; }

    public string? HighNoiseSampler { get; init; }

    public double? MoeBoundary { get; init; }

    /// <summary>Whether its file has sound; known when the job is done.</summary>
    public bool HasSound { get; init; }
}
