using System.Globalization;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using SdStudio.Server.Settings;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>
/// The log on disk, in a database of its own, so that it can be asked by job, level and module and never grows beyond a bound. A line
/// that cannot be written is dropped: the log must not stop what it tells about.
/// </summary>
internal sealed class SqliteLogStore : ILogStore, IAsyncDisposable
{
    private const int KeptLines = 50_000;
    private const int MaxMessageCharacters = 4000;

    // Of SQLite's result codes.
    private const int Corrupt = 11;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    // Lines come in crowds: those of a moment are one transaction. Whoever reads does not wait for it.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(20);

    private readonly Channel<LogLine> _incoming = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly SqliteSession _session;
    private readonly Lock _lock = new();
    private readonly Task _writing;
    private long _written;

    public SqliteLogStore(DataFolders folders)
    {
        (_session, string? aside) = OpenOrBegin(folders.Logs);
        if (aside is not null)
        {
            string said = $"The log {Path.GetFileName(folders.Logs)} was damaged: it was set aside as {Path.GetFileName(aside)}, and a new log was started";
            Console.Error.WriteLine(said);
            Add(new LogLine(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), LogLevel.Warning, "logStore", null, said));
        }

        _writing = Task.Run(WriteAsync);
    }

    public void Add(LogLine line) => _incoming.Writer.TryWrite(
        line.Message.Length <= MaxMessageCharacters ? line : line with { Message = line.Message[..MaxMessageCharacters] + "…" });

    /// <summary>The newest lines, oldest of them first.</summary>
    public IReadOnlyList<LogLine> Read(int limit, LogLevel atLeast, string? module, string? jobId)
    {
        lock (_lock)
        {
            Drain();
            List<LogLine> lines = _session.Query(
                "SELECT time, level, module, job_id, message FROM lines WHERE level >= $level AND ($module IS NULL OR module = $module) " +
                "AND ($job IS NULL OR job_id = $job) ORDER BY number DESC LIMIT $limit",
                row => new LogLine(row.GetInt64(0), (LogLevel)row.GetInt32(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetString(4)),
                ("$level", (int)atLeast), ("$module", module), ("$job", jobId), ("$limit", limit));
            lines.Reverse();
            return lines;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _incoming.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
        _session.Dispose();
    }

    // What it holds is not needed: a log that cannot be read is set aside, and a new one is started.
    private static (SqliteSession Session, string? SetAside) OpenOrBegin(string path)
    {
        try
        {
            return (Open(path), null);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode is Corrupt or NotADatabase or CannotOpen && (File.Exists(path) || Directory.Exists(path)))
        {
            string aside = $"{path}.damaged-{DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";
            Directory.Move(path, aside);
            foreach (string companion in new[] { path + "-wal", path + "-shm" })
                File.Delete(companion);
            return (Open(path), aside);
        }
        catch (SqliteException exception)
        {
            throw new CannotStartException(DatabaseFile.Explain(path, exception), exception);
        }
    }

    private static SqliteSession Open(string path)
    {
        PrivateFiles.Create(path);
        SqliteSession session = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            // A power cut may cost the last lines, which is no reason to wait for the disk at every one.
            session.RunScript(
                """
                PRAGMA journal_mode = wal; PRAGMA synchronous = off; PRAGMA busy_timeout = 5000;
                CREATE TABLE IF NOT EXISTS lines (
                    number  INTEGER PRIMARY KEY, time INTEGER NOT NULL, level INTEGER NOT NULL, module TEXT NOT NULL, job_id TEXT, message TEXT NOT NULL
                ) STRICT;
                CREATE INDEX IF NOT EXISTS lines_by_job ON lines (job_id, number) WHERE job_id IS NOT NULL;
                SELECT number, time, level, module, job_id, message FROM lines ORDER BY number DESC LIMIT 1;
                """);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private async Task WriteAsync()
    {
        while (await _incoming.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            lock (_lock)
                Drain();
            await Task.Delay(Moment).ConfigureAwait(false);
        }
    }

    private void Drain()
    {
        try
        {
            if (_incoming.Reader.TryPeek(out _))
                _session.InTransaction(WriteAll);
        }
        catch (SqliteException)
        {
            // The disk is full or gone; the console still has every line.
        }
    }

    private bool WriteAll(SqliteSession session)
    {
        while (_incoming.Reader.TryRead(out LogLine? line))
        {
            session.Execute(
                "INSERT INTO lines (time, level, module, job_id, message) VALUES ($time, $level, $module, $job, $message)",
                ("$time", line.TimeMs), ("$level", (int)line.Level), ("$module", line.Module), ("$job", line.JobId), ("$message", line.Message));
            if (++_written % 1000 == 0)
                session.Execute("DELETE FROM lines WHERE number <= (SELECT max(number) FROM lines) - $kept", ("$kept", KeptLines));
        }

        return true;
    }
}
