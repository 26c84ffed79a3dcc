using SdCpp.Interop;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Limits</c>: the most that one request may ask for.</summary>
public sealed class LimitOptions
{
    /// <summary>Longest side of an image, pixels.</summary>
    public int MaxSide { get; set; } = 2048;

    /// <summary>Width × height of an image, pixels.</summary>
    public int MaxPixels { get; set; } = 2048 * 2048;

    /// <summary>Sampling steps.</summary>
    public int MaxSteps { get; set; } = 150;

    /// <summary>Images of a request; the REST document says 10.</summary>
    public int MaxImages { get; set; } = 10;

    /// <summary>UTF-8 bytes of a prompt.</summary>
    public int MaxPromptBytes { get; set; } = 8000;

    /// <summary>Bytes of a request.</summary>
    public int MaxRequestBytes { get; set; } = 50 * 1024 * 1024;

    /// <summary>Width × height of an input image, pixels; images larger than needed are scaled down.</summary>
    public int MaxInputPixels { get; set; } = 50_000_000;

    /// <summary>Jobs that one API key (or one address, without keys) may add in a minute; 0 for any number.</summary>
    public int JobsPerMinute { get; set; }

    internal IEnumerable<(string Name, int Value, int Max)> Ranges() =>
    [
        (nameof(MaxSide), MaxSide, ImageBuffer.MaxSide),
        (nameof(MaxPixels), MaxPixels, ImageBuffer.MaxPixels),
        (nameof(MaxSteps), MaxSteps, ImageRequest.MaxSteps),
        (nameof(MaxImages), MaxImages, ImageRequest.MaxBatchCount),
        (nameof(MaxPromptBytes), MaxPromptBytes, ImageRequest.MaxPromptBytes),
        (nameof(MaxRequestBytes), MaxRequestBytes, int.MaxValue),
        (nameof(MaxInputPixels), MaxInputPixels, ImageBuffer.MaxPixels),
    ];
}
