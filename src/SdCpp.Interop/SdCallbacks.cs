namespace SdCpp.Interop;

/// <summary>
/// What a call tells while it runs. All members are called on the generating thread: be brief. An exception thrown by one of them stops
/// the call and comes out of it.
/// </summary>
public sealed record SdCallbacks
{
    /// <summary>Receives phases and steps.</summary>
    public IProgress<GenerationProgress>? Progress { get; init; }

    /// <summary>
    /// Receives the engine's log lines that belong to this call. The engine formats them in one buffer for the whole process: while two
    /// models work at the same time, a line may carry the other's words. <see cref="Progress"/> is not touched by that.
    /// </summary>
    public Action<SdLogLine>? Log { get; init; }

    /// <summary>
    /// Receives what a picture looks like while it is sampled, as <see cref="PreviewMode"/> says. Whoever receives a preview owns its
    /// pixels and disposes them.
    /// </summary>
    public Action<SdPreview>? Preview { get; init; }

    /// <summary>
    /// How previews are made. The engine has one mode for the whole process: while calls on different models want different ones, the
    /// dearest serves them all.
    /// </summary>
    public PreviewMode PreviewMode { get; init; } = PreviewMode.Projection;

    /// <summary>
    /// Hands over a preview after every so many steps, 1 to 1000. The engine makes one at every step all the same: the modes that decode
    /// cost a decoding a step.
    /// </summary>
    public int PreviewInterval { get; init; } = 1;

    /// <summary>Names the call in <see cref="SdEngineOptions.CrashFile"/> should the engine end the process; at most 95 bytes are kept.</summary>
    public string? Tag { get; init; }
}
