using System.Collections.Concurrent;
using System.Diagnostics;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>
/// The one thread that writes. What is asked for while it commits goes into its next transaction together: many callers share the one
/// wait for the disk, and nobody's thread stands still meanwhile. What fails in a group is undone alone. A work may be run twice, the first
/// time without effect.
/// </summary>
internal sealed class GroupWriter : IDisposable
{
    // A transaction of this many is over before anybody notices.
    private const int MaxInGroup = 512;

    // As long as anybody's write is kept for those that come with it.
    private static readonly TimeSpan MaxPatience = TimeSpan.FromMilliseconds(2);
    private readonly BlockingCollection<Work> _works = [];
    private readonly SqliteSession _session;
    private readonly Thread _thread;

    public GroupWriter(SqliteSession session)
    {
        _session = session;
        _thread = new Thread(Run) { IsBackground = true, Name = "database writer" };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> in a transaction: all of it is on disk when the task ends, or nothing.</summary>
    /// <exception cref="StorageUnavailableException">Nothing was written.</exception>
    public ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellation)
    {
        var item = new Work<T>(work, cancellation);
        try
        {
            _works.Add(item, CancellationToken.None);
        }
        catch (InvalidOperationException exception)
        {
            throw new OperationCanceledException("The server is stopping", exception);
        }

        return new ValueTask<T>(item.Task);
    }

    /// <summary>Writes what was asked for, then ends.</summary>
    public void Dispose()
    {
        _works.CompleteAdding();
        _thread.Join();
        _works.Dispose();
    }

    private void Run()
    {
        List<Work> group = [];
        int expected = 1;
        TimeSpan disk = TimeSpan.Zero;
        while (_works.TryTake(out Work? first, Timeout.Infinite))
        {
            group.Add(first);
            Fill(group, expected, disk < MaxPatience ? disk : MaxPatience);
            long began = Stopwatch.GetTimestamp();
            Write(group);
            disk = Stopwatch.GetElapsedTime(began);
            expected = group.Count;
            group.Clear();
        }
    }

    // Those who were told together come again together, a little apart: the first of them waits for the others, no longer than the disk
    // has just taken. Without that every second wait for the disk would be for one alone.
    private void Fill(List<Work> group, int expected, TimeSpan patience)
    {
        long began = Stopwatch.GetTimestamp();
        while (group.Count < MaxInGroup)
        {
            TimeSpan left = group.Count < expected ? patience - Stopwatch.GetElapsedTime(began) : TimeSpan.Zero;
            if (!_works.TryTake(out Work? next, left > TimeSpan.Zero ? left : TimeSpan.Zero))
                return;
            group.Add(next);
        }
    }

    // Almost always all of them succeed: only when one has failed is each given a savepoint, which costs as much as a small work.
    private void Write(List<Work> group)
    {
        try
        {
            if (!Commit(group, (work, session) => work.TryRun(session)) && group.Count > 1)
                Commit(group, (work, session) => work.TryRunAlone(session));
        }
        catch (Exception exception)
        {
            Exception reason = SqliteErrors.Translate(exception);
            group.ForEach(work => work.Fail(reason));
            return;
        }

        group.ForEach(work => work.Complete());
    }

    /// <returns>False when one has failed and nothing is written.</returns>
    private bool Commit(List<Work> group, Func<Work, SqliteSession, bool> run) =>
        _session.InTransaction(session => group.TrueForAll(work => run(work, session)));

    private abstract class Work
    {
        /// <summary>Does it within the group's transaction.</summary>
        /// <returns>Whether it succeeded; if not, the transaction is no longer good for the others.</returns>
        public abstract bool TryRun(SqliteSession session);

        /// <summary>The same, undone alone when it fails. Throws only when the whole group is lost.</summary>
        public abstract bool TryRunAlone(SqliteSession session);

        /// <summary>The transaction is on disk.</summary>
        public abstract void Complete();

        public abstract void Fail(Exception exception);
    }

    private sealed class Work<T>(Func<SqliteSession, T> work, CancellationToken cancellation) : Work
    {
        private readonly TaskCompletionSource<T> _task = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _failure;

        public Task<T> Task => _task.Task;

        public override bool TryRun(SqliteSession session)
        {
            (_result, _failure) = (default, null);
            if (cancellation.IsCancellationRequested)
            {
                // It has done nothing that others would have to be kept from.
                _failure = new OperationCanceledException(cancellation);
                return true;
            }

            try
            {
                _result = work(session);
            }
            catch (Exception exception)
            {
                _failure = SqliteErrors.Translate(exception);
            }

            return _failure is null;
        }

        public override bool TryRunAlone(SqliteSession session)
        {
            session.Execute("SAVEPOINT work");
            if (!TryRun(session))
                session.Execute("ROLLBACK TO work");
            session.Execute("RELEASE work");
            return true;
        }

        public override void Complete()
        {
            if (_failure is OperationCanceledException)
                _task.SetCanceled(cancellation);
            else if (_failure is not null)
                _task.SetException(_failure);
            else
                _task.SetResult(_result!);
        }

        public override void Fail(Exception exception) => _task.SetException(_failure ?? exception);
    }
}
