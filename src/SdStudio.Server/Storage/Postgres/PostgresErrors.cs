using System.Data.Common;
using Npgsql;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>What PostgreSQL reports, in the words of the rest of the server.</summary>
internal static class PostgresErrors
{
    // Classes of SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html
    private const string DataException = "22";
    private const string ProgramLimitExceeded = "54";

    /// <summary>The exception that leaves this room for one that was thrown in it.</summary>
    public static StorageUnavailableException Translate(DbException exception) => new(ProblemOf(exception), exception.Message, exception);

    private static StorageProblem ProblemOf(DbException exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => StorageProblem.Full,
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.ReadOnlySqlTransaction } => StorageProblem.NotAllowed,
        PostgresException { SqlState: PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted } => StorageProblem.Damaged,
        PostgresException { SqlState: { } state } when state.StartsWith(DataException, StringComparison.Ordinal) || state.StartsWith(ProgramLimitExceeded, StringComparison.Ordinal) => StorageProblem.Refused,
        PostgresException { IsTransient: false } => StorageProblem.Other,
        // It restarts, or the network is down.
        _ => StorageProblem.Busy,
    };
}
