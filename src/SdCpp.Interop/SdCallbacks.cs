namespace SdCpp.Interop;

/// <summary>
/// Callbacks invoked while a call runs, on the generating thread: return quickly. An exception thrown by one of them stops the call and
/// comes out of it. They may start another call on the same model, but not wait for it: it begins when this one has ended.
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
    /// Receives what an image looks like while it is sampled, as <see cref="PreviewMode"/> says. Whoever receives a preview owns its
    /// pixels and disposes them.
    /// </summary>
    public Action<SdPreview>? Preview { get; init; }

    /// <summary>
    /// How previews are made. The engine has one mode for the whole process: while calls on different models want different ones, the
    /// dearest serves them all.
    /// </summary>
    public PreviewMode PreviewMode { get; init; } = PreviewMode.Projection;

    /// <summary>
    /// Hands over a preview every this many steps, 1 to 1000. The engine makes one at every step all the same: the modes that decode
    /// cost a decoding a step.
    /// </summary>
    public int PreviewInterval { get; init; } = 1;

    /// <summary>Names the call in <see cref="SdEngineOptions.CrashFile"/> should the engine end the process; at most 95 bytes are kept.</summary>
    public string? Tag { get; init; }

    /// <summary>
    /// Callbacks that only follow the progress, on the generating thread and in order. (<see cref="Progress{T}"/> posts to wherever it was
    /// made, and where that is the thread pool, mixes the order up.)
    /// </summary>
    /// <param name="report">What to do with each step; be brief.</param>
    public static SdCallbacks OnProgress(Action<GenerationProgress> report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new SdCallbacks { Progress = new Listener(report) };
    }

    private sealed class Listener(Action<GenerationProgress> report) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => report(value);
    }
}
