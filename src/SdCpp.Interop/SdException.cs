namespace SdCpp.Interop;

/// <summary>
/// What went wrong, with a code for programs and a message for people. Besides it this library throws <see cref="ArgumentException"/> for
/// nulls, <see cref="OperationCanceledException"/>, <see cref="ObjectDisposedException"/> and <see cref="InvalidOperationException"/>.
/// </summary>
public sealed class SdException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="code">Why it failed.</param>
    /// <param name="message">What was wrong, for people.</param>
    /// <param name="inner">What caused it, if anything did.</param>
    public SdException(SdError code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    /// <summary>Why it failed.</summary>
    public SdError Code { get; }

    /// <summary>The property that was refused, e.g. <c>Steps</c> or <c>Hires.Scale</c>, or the engine's own name of an option that has no property; null for none.</summary>
    public string? Option { get; init; }

    /// <summary>The file that was refused, as it was given; null for none.</summary>
    public string? File { get; init; }
}
