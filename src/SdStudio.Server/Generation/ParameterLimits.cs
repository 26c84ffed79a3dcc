namespace SdStudio.Server.Generation;

/// <summary>What the ranges of the parameters depend on: the server's settings and the loaded engine.</summary>
/// <param name="MaxSide">Longest side of an image, pixels.</param>
/// <param name="MaxPixels">Width × height of an image.</param>
/// <param name="MaxSteps">Sampling steps.</param>
/// <param name="MaxImages">Images of a request.</param>
/// <param name="MaxPromptBytes">UTF-8 bytes of a prompt.</param>
internal sealed record ParameterLimits(int MaxSide, long MaxPixels, int MaxSteps, int MaxImages, int MaxPromptBytes)
{
    /// <summary>Frames of a video.</summary>
    public int MaxFrames { get; init; } = 1;

    /// <summary>Width × height × frames of a video.</summary>
    public long MaxVideoPixels { get; init; } = 1;

    /// <summary>The formats that videos can be written in.</summary>
    public IReadOnlyList<string> VideoFormats { get; init; } = [VideoSetting.DefaultFormat];

    /// <summary>The engine's samplers; none before it is loaded.</summary>
    public IReadOnlyList<string> Samplers { get; init; } = [];

    /// <summary>The engine's schedulers; none before it is loaded.</summary>
    public IReadOnlyList<string> Schedulers { get; init; } = [];
}
