using SdCpp.Interop;

namespace SdStudio.Server;

/// <summary>The section <c>SdStudio:Limits</c>: the most that one request may ask for.</summary>
public sealed class LimitOptions
{
    /// <summary>Longest side of a picture, pixels.</summary>
    public int MaxSide { get; set; } = 2048;

    /// <summary>Width × height of a picture, pixels.</summary>
    public int MaxPixels { get; set; } = 2048 * 2048;

    /// <summary>Sampling steps.</summary>
    public int MaxSteps { get; set; } = 150;

    /// <summary>Pictures of a request; the REST document says 10.</summary>
    public int MaxImages { get; set; } = 10;

    /// <summary>UTF-8 bytes of a prompt.</summary>
    public int MaxPromptBytes { get; set; } = 8000;

    internal IEnumerable<(string Name, int Value, int Max)> Ranges() =>
    [
        (nameof(MaxSide), MaxSide, ImageBuffer.MaxSide),
        (nameof(MaxPixels), MaxPixels, ImageBuffer.MaxPixels),
        (nameof(MaxSteps), MaxSteps, ImageRequest.MaxSteps),
        (nameof(MaxImages), MaxImages, ImageRequest.MaxBatchCount),
        (nameof(MaxPromptBytes), MaxPromptBytes, ImageRequest.MaxPromptBytes),
    ];
}
