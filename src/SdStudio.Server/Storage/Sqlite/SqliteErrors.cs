using Microsoft.Data.Sqlite;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>What SQLite reports, in the words of the rest of the server.</summary>
internal static class SqliteErrors
{
    private const int Permission = 3;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;
    private const int WriteFailed = 10 | (3 << 8);

    /// <summary>The exception that leaves this room for one that was thrown in it.</summary>
    public static Exception Translate(Exception exception) => exception is SqliteException sqlite
        ? new StorageUnavailableException(ProblemOf(sqlite), sqlite.Message, sqlite)
        : exception;

    public static StorageProblem ProblemOf(SqliteException exception) => exception.SqliteErrorCode switch
    {
        Busy or Locked => StorageProblem.Busy,
        Full => StorageProblem.Full,
        // SQLite does not say why; a limit of a file's size is what a full disk is.
        _ when exception.SqliteExtendedErrorCode == WriteFailed && StorageUnavailableException.FilesAreLimited => StorageProblem.Full,
        Permission or ReadOnly or CannotOpen => StorageProblem.NotAllowed,
        Corrupt or NotADatabase => StorageProblem.Damaged,
        _ => StorageProblem.Other,
    };
}
