namespace SdStudio.Server;

/// <summary>Why something could not be stored or read.</summary>
internal enum StorageProblem
{
    /// <summary>Another program holds it.</summary>
    Busy,

    /// <summary>The disk is full.</summary>
    Full,

    /// <summary>It may not be written or read.</summary>
    NotAllowed,

    /// <summary>Its content is damaged.</summary>
    Damaged,

    /// <summary>It does not accept what it was given, and never will.</summary>
    Refused,

    /// <summary>Anything else; the inner exception says what.</summary>
    Other,
}

/// <summary>
/// The database or a file of the data directory could not be read or written. What was asked for has not happened; it may work later, unless it was refused.
/// </summary>
internal sealed class StorageUnavailableException(StorageProblem problem, string message, Exception inner) : Exception(message, inner)
{
    // ENOSPC, EFBIG and EDQUOT, which are the same on all Unix systems but for the last, and EROFS.
    private const int NoSpace = 28;
    private const int FileTooLarge = 27;
    private const int ReadOnlyFileSystem = 30;
    private static readonly int QuotaExceeded = OperatingSystem.IsMacOS() ? 69 : 122;
    private const int NoSpaceOnWindows = unchecked((int)0x80070070);

    public StorageProblem Problem { get; } = problem;

    /// <summary>Whether a file of this process may become only so large (<c>ulimit -f</c>, LimitFSIZE in a systemd unit).</summary>
    public static bool FilesAreLimited
    {
        get
        {
            const string limits = "/proc/self/limits", name = "Max file size";
            return File.Exists(limits) && File.ReadLines(limits).Any(line => line.StartsWith(name, StringComparison.Ordinal) && !line.AsSpan(name.Length).TrimStart().StartsWith("unlimited"));
        }
    }

    /// <summary>What the system's error means.</summary>
    public static StorageProblem ProblemOf(Exception exception) => exception switch
    {
        UnauthorizedAccessException => StorageProblem.NotAllowed,
        IOException { HResult: NoSpace or FileTooLarge or NoSpaceOnWindows } => StorageProblem.Full,
        // What .NET makes of EFBIG.
        ArgumentOutOfRangeException { ParamName: "value" } when FilesAreLimited => StorageProblem.Full,
        IOException { HResult: ReadOnlyFileSystem } => StorageProblem.NotAllowed,
        IOException { HResult: int code } when code == QuotaExceeded => StorageProblem.Full,
        _ => StorageProblem.Other,
    };
}
