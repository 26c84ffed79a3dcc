using SdCpp.Interop;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Limits</c>: the most that one request may ask for.</summary>
public sealed class LimitOptions
{
    /// <summary>Longest side of an image, pixels.</summary>
    [Allowed(1, ImageBuffer.MaxSide)]
    public int MaxSide { get; set; } = 2048;

    /// <summary>Width × height of an image, pixels.</summary>
    [Allowed(1, ImageBuffer.MaxPixels)]
    public int MaxPixels { get; set; } = 2048 * 2048;

    /// <summary>Sampling steps.</summary>
    [Allowed(1, ImageRequest.MaxSteps)]
    public int MaxSteps { get; set; } = 150;

    /// <summary>Images of a request; the REST document says 10.</summary>
    [Allowed(1, ImageRequest.MaxBatchCount)]
    public int MaxImages { get; set; } = 10;

    /// <summary>Frames of a video.</summary>
    [Allowed(1, VideoRequest.MaxFrames)]
    public int MaxFrames { get; set; } = 257;

    /// <summary>Width × height × frames of a video: each takes 18 bytes of memory while it is made.</summary>
    [Allowed(1, (int)VideoRequest.MaxPixels)]
    public int MaxVideoPixels { get; set; } = 256 * 1024 * 1024;

    /// <summary>UTF-8 bytes of a prompt.</summary>
    [Allowed(1, ImageRequest.MaxPromptBytes)]
    public int MaxPromptBytes { get; set; } = 8000;

    /// <summary>Bytes of a request.</summary>
    [Allowed(1, int.MaxValue)]
    public int MaxRequestBytes { get; set; } = 50 * 1024 * 1024;

    /// <summary>Width × height of an input image, pixels; images larger than needed are scaled down.</summary>
    [Allowed(1, ImageBuffer.MaxPixels)]
    public int MaxInputPixels { get; set; } = 50_000_000;

    /// <summary>Jobs that one API key (or one address, without keys) may add in a minute; 0 for any number.</summary>
    [Allowed(0, 1_000_000)]
    public int JobsPerMinute { get; set; }
}
