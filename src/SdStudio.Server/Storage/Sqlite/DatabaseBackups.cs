using System.Globalization;
using Microsoft.Data.Sqlite;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Copies the database once a day into the folder <c>backups</c>, where the last seven days stay.</summary>
internal sealed partial class DatabaseBackups(DataFolders folders, StudioDatabase database, TimeProvider time, ILogger<DatabaseBackups> logger) : BackgroundService
{
    private const int Kept = 7;
    private const string Daily = "sdstudio-????-??-??.db";
    private static readonly TimeSpan LookEvery = TimeSpan.FromHours(1);

    /// <summary>The copy of the newest day; null when there is none.</summary>
    public static string? Newest(DataFolders folders) => Days(folders).LastOrDefault();

    /// <summary>A copy that no later one replaces: the way back to the program of that version.</summary>
    public static void BeforeMigration(SqliteSession session, DataFolders folders, int version) =>
        Copy(session, folders, string.Create(CultureInfo.InvariantCulture, $"sdstudio-version-{version}.db"));

    /// <summary>Makes the day's copy, unless there is one or there is nothing to copy, and removes those that are too old.</summary>
    /// <returns>Whether a copy was made.</returns>
    public bool CopyToday()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"sdstudio-{time.GetLocalNow():yyyy-MM-dd}.db");
        if (File.Exists(Path.Combine(FolderOf(folders), name)) || database.Read(reader => reader.Query("SELECT 1 FROM jobs LIMIT 1", row => true)).Count == 0)
            return false;
        CopyTo(folders.Database, Path.Combine(FolderOf(folders), name));
        foreach (string old in Days(folders).SkipLast(Kept))
            File.Delete(old);
        return true;
    }

    /// <summary>Copies a database that may be in use.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be read, or the copy not written.</exception>
    public static void CopyTo(string database, string path)
    {
        try
        {
            // A connection of its own: those that read may not write, and this writes another file.
            using var session = new SqliteSession(new SqliteConnectionStringBuilder { DataSource = database, Pooling = false, DefaultTimeout = 5 }.ToString());
            Copy(session, path);
        }
        catch (SqliteException exception)
        {
            throw SqliteErrors.Translate(exception);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        await Task.Yield();
        do
        {
            try
            {
                CopyToday();
            }
            catch (Exception exception) when (exception is StorageUnavailableException or IOException or UnauthorizedAccessException)
            {
                LogNoCopy(exception.Message);
            }
        }
        while (await NextAsync(timer, stoppingToken).ConfigureAwait(false));
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static string FolderOf(DataFolders folders) => Path.Combine(folders.Root, "backups");

    private static IEnumerable<string> Days(DataFolders folders) => Directory.Exists(FolderOf(folders))
        ? Directory.EnumerateFiles(FolderOf(folders), Daily).Order(StringComparer.Ordinal)
        : [];

    private static void Copy(SqliteSession session, DataFolders folders, string name) => Copy(session, Path.Combine(FolderOf(folders), name));

    // Under another name until it is whole.
    private static void Copy(SqliteSession session, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string unfinished = path + ".tmp";
        File.Delete(unfinished);
        try
        {
            session.Execute("VACUUM INTO $path", ("$path", unfinished));
            // Whoever goes back to it keeps the images that it does not know.
            using (var copy = new SqliteSession(new SqliteConnectionStringBuilder { DataSource = unfinished, Pooling = false }.ToString()))
            {
                if (copy.Query("SELECT 1 FROM sqlite_master WHERE name = 'studio_state'", row => true).Count > 0)
                    copy.Execute("DELETE FROM studio_state WHERE key = $key", ("$key", LeftoverFiles.SweptKey));
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database could not be copied into the folder backups: {Reason}. The next try is in an hour")]
    private partial void LogNoCopy(string reason);
}
