using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Data.Sqlite;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The SQLite file: one writer at a time, any number of readers, tables as the newest migration leaves them.</summary>
internal sealed class StudioDatabase : IDisposable
{
    private readonly string _connectionString;
    private readonly SqliteSession _writer;
    private readonly Lock _writeLock = new();
    private long _version;
    private readonly ConcurrentBag<SqliteSession> _idleReaders = [];

    public StudioDatabase(DataFolders folders)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = folders.Database, Pooling = false, DefaultTimeout = 5 }.ToString();
        _writer = new SqliteSession(_connectionString);
        try
        {
            // FULL: an acknowledged job survives a power cut, not only a crash of the process.
            _writer.RunScript("PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA foreign_keys = on; PRAGMA busy_timeout = 5000;");
            Migrate();
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
    }

    /// <summary>Grows with every transaction.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Runs <paramref name="work"/> as one transaction: all of it is on disk when this returns, or nothing.</summary>
    public T Write<T>(Func<SqliteSession, T> work)
    {
        lock (_writeLock)
        {
            T result = _writer.InTransaction(work);
            Interlocked.Increment(ref _version);
            return result;
        }
    }

    /// <summary>Runs <paramref name="query"/> beside the writer.</summary>
    public T Read<T>(Func<SqliteSession, T> query)
    {
        if (!_idleReaders.TryTake(out SqliteSession? reader))
        {
            reader = new SqliteSession(_connectionString);
            reader.RunScript("PRAGMA query_only = on; PRAGMA busy_timeout = 5000;");
        }

        try
        {
            return query(reader);
        }
        finally
        {
            _idleReaders.Add(reader);
        }
    }

    public void Dispose()
    {
        foreach (SqliteSession reader in _idleReaders)
            reader.Dispose();
        // The last connection to close folds the write-ahead log into the file.
        _writer.Dispose();
    }

    private void Migrate()
    {
        List<string> scripts = Scripts();
        int version = _writer.Query("PRAGMA user_version", row => row.GetInt32(0))[0];
        if (version > scripts.Count)
        {
            throw new InvalidOperationException(
                $"The database sdstudio.db was written by a newer SdStudio (version {version}; this one knows {scripts.Count}). Start that one, or use another data directory.");
        }

        for (int next = version + 1; next <= scripts.Count; next++)
        {
            string script = scripts[next - 1] + string.Create(CultureInfo.InvariantCulture, $"\nPRAGMA user_version = {next};");
            Write(writer =>
            {
                writer.RunScript(script);
                return next;
            });
        }
    }

    private static List<string> Scripts()
    {
        IEnumerable<string> names = typeof(StudioDatabase).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        return [.. names.Select(ReadScript)];
    }

    private static string ReadScript(string name)
    {
        using var reader = new StreamReader(typeof(StudioDatabase).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
