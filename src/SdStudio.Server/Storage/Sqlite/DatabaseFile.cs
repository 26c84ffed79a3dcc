using Microsoft.Data.Sqlite;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Opens the database file, and says in one sentence why that cannot be done.</summary>
internal static class DatabaseFile
{
    /// <summary>Opens the file, checks it when it was not closed in an orderly way, and brings it to the newest version; a copy of the earlier one is kept.</summary>
    /// <exception cref="CannotStartException">It cannot be used; the message says what to do.</exception>
    public static SqliteSession Open(DataFolders folders, string connectionString)
    {
        // SQLite removes its companion when the last connection is closed.
        bool wasClosed = new FileInfo(folders.Database + "-wal") is not { Exists: true, Length: > 0 };
        SqliteSession? session = null;
        try
        {
            session = new SqliteSession(connectionString);
            // FULL: an acknowledged job survives a power cut, not only a crash of the process. Statement journals stay in memory:
            // a delete with its triggers would write 21 pages of them into a file, twenty times what the delete itself writes.
            // The log is folded into the file when it has 16 MB: that waits for the disk twice, and a crowd of jobs fills 4 MB in forty commits.
            session.RunScript(
                "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA foreign_keys = on; PRAGMA busy_timeout = 5000; PRAGMA temp_store = memory; " +
                "PRAGMA wal_autocheckpoint = 4000;");
            if (!wasClosed && session.Query("PRAGMA integrity_check(1)", row => row.GetString(0)) is not ["ok"] and var found)
                throw new CannotStartException(Damaged(folders, string.Join("; ", found)));
            int version = Migrations.VersionOf(session);
            if (version > 0 && version < Migrations.NewestVersion)
                DatabaseBackups.BeforeMigration(session, folders, version);
            Migrations.Apply(session);
            return session;
        }
        catch (SqliteException exception)
        {
            session?.Dispose();
            throw new CannotStartException(SqliteErrors.ProblemOf(exception) == StorageProblem.Damaged ? Damaged(folders, exception.Message) : Explain(folders.Database, exception), exception);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    /// <summary>Why a database file cannot be opened, and what to do; damage aside.</summary>
    public static string Explain(string path, SqliteException exception) => SqliteErrors.ProblemOf(exception) switch
    {
        StorageProblem.Full => $"The disk that holds the database {path} is full; free some space on it.",
        StorageProblem.NotAllowed when Directory.Exists(path) => $"The database {path} is a folder; move it away.",
        StorageProblem.NotAllowed => $"The database {path} cannot be opened for writing; check who owns it and that its folder is writable.",
        StorageProblem.Busy => $"The database {path} is locked by another program; close that program and start again.",
        _ => $"The database {path} cannot be used ({exception.Message.TrimEnd('.')}); the disk may be full or failing.",
    };

    private static string Damaged(DataFolders folders, string what)
    {
        string remedy = DatabaseBackups.Newest(folders) is { } copy
            ? $"copy {copy} over it and delete {Path.GetFileName(folders.Database)}-wal and {Path.GetFileName(folders.Database)}-shm, if they exist, to go on with that day's history"
            : "there is no copy of it in the folder backups yet";
        return $"The database {folders.Database} is damaged ({what.ReplaceLineEndings(" ").TrimEnd('.')}); {remedy}, or move it away to start with an empty history.";
    }
}
