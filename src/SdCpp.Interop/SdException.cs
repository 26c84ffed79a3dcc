namespace SdCpp.Interop;

/// <summary>The one exception of this library, besides argument checks, <see cref="OperationCanceledException"/> and <see cref="ObjectDisposedException"/>.</summary>
public sealed class SdException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="code">Why it failed.</param>
    /// <param name="message">What was wrong, for people.</param>
    /// <param name="inner">What caused it, if anything did.</param>
    public SdException(SdError code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    /// <summary>Why it failed.</summary>
    public SdError Code { get; }
}
