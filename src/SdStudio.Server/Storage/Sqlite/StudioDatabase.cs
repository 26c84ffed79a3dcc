using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The SQLite file: one writer, any number of readers beside it, tables as the newest migration leaves them.</summary>
internal sealed class StudioDatabase : IDisposable
{
    private readonly string _connectionString;
    private readonly SqliteSession _session;
    private readonly ConcurrentBag<SqliteSession> _idleReaders = [];
    private readonly DiskReserve _reserve;

    public StudioDatabase(DataFolders folders)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = folders.Database, Pooling = false, DefaultTimeout = 5 }.ToString();
        _session = DatabaseFile.Open(folders, _connectionString);
        Writer = new GroupWriter(_session);
        _reserve = new DiskReserve(Path.Combine(folders.Root, "reserve"));
        _reserve.Fill();
    }

    public GroupWriter Writer { get; }

    /// <summary>As <see cref="GroupWriter.WriteAsync"/>, for what makes room: on a full disk it has the reserve.</summary>
    public async ValueTask<T> WriteMakingRoomAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellation)
    {
        _reserve.Fill();
        try
        {
            return await Writer.WriteAsync(work, cancellation).ConfigureAwait(false);
        }
        catch (StorageUnavailableException exception) when (exception.Problem == StorageProblem.Full && _reserve.Release())
        {
            return await Writer.WriteAsync(work, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Runs one statement as a transaction.</summary>
    public async ValueTask ExecuteAsync(string sql, CancellationToken cancellation, params (string Name, object? Value)[] values) => await Writer.WriteAsync(
        writer =>
        {
            writer.Execute(sql, values);
            return true;
        },
        cancellation).ConfigureAwait(false);

    /// <summary>Runs <paramref name="query"/> beside the writer.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be read.</exception>
    public T Read<T>(Func<SqliteSession, T> query)
    {
        try
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
        catch (SqliteException exception)
        {
            throw SqliteErrors.Translate(exception);
        }
    }

    /// <summary>As <see cref="Read{T}"/>, for interfaces whose other implementations wait: here nobody does.</summary>
    public ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> query) => ValueTask.FromResult(Read(query));

    public void Dispose()
    {
        Writer.Dispose();
        foreach (SqliteSession reader in _idleReaders)
            reader.Dispose();
        // The last connection to close folds the write-ahead log into the file.
        _session.Dispose();
    }
}
