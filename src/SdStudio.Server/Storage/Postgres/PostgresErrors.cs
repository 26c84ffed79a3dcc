using System.Data.Common;
using Npgsql;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>What PostgreSQL reports, in the words of the rest of the server.</summary>
internal static class PostgresErrors
{
    /// <summary>The exception that leaves this room for one that was thrown in it.</summary>
    public static StorageUnavailableException Translate(DbException exception) => new(ProblemOf(exception), exception.Message, exception);

    private static StorageProblem ProblemOf(DbException exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => StorageProblem.Full,
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.ReadOnlySqlTransaction } => StorageProblem.NotAllowed,
        PostgresException { SqlState: PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted } => StorageProblem.Damaged,
        PostgresException { IsTransient: false } => StorageProblem.Other,
        // It restarts, or the network is down.
        _ => StorageProblem.Busy,
    };
}
