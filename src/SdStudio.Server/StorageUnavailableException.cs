namespace SdStudio.Server;

/// <summary>Why the database could not be used.</summary>
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

    /// <summary>Anything else; the inner exception says what.</summary>
    Other,
}

/// <summary>The database could not be read or written. What was asked for has not happened; it may work later.</summary>
internal sealed class StorageUnavailableException(StorageProblem problem, string message, Exception inner) : Exception(message, inner)
{
    public StorageProblem Problem { get; } = problem;
}
