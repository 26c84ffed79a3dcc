namespace SdCpp.Interop;

/// <summary>How much a line of the engine's log matters.</summary>
public enum SdLogLevel
{
    /// <summary>For those who look into the engine.</summary>
    Debug = 0,

    /// <summary>What the engine does.</summary>
    Info = 1,

    /// <summary>Something is not as it should be; the engine goes on.</summary>
    Warning = 2,

    /// <summary>Something failed.</summary>
    Error = 3,
}

/// <summary>One line of the engine's log.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="Text">The line, without its end.</param>
public readonly record struct SdLogLine(SdLogLevel Level, string Text);
