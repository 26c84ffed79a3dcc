using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests.Storage;

public sealed class GroupWriterTests : IDisposable
{
    private readonly SqliteStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    private List<string> Keys() => _store.Database.Read(reader => reader.Query("SELECT key FROM studio_state ORDER BY key", row => row.GetString(0)));

    private static void Insert(SqliteSession writer, string key) => writer.Execute("INSERT INTO studio_state VALUES ($key, 'x')", ("$key", key));

    /// <summary>Keeps the writer busy until everything is queued, so that all of it is one group.</summary>
    private async Task<Task[]> InOneGroupAsync(params Action<SqliteSession>[] works)
    {
        using var queued = new ManualResetEventSlim();
        Task first = _store.Database.Writer.WriteAsync(_ => queued.Wait(TimeSpan.FromMinutes(1)), Cancellation).AsTask();
        Task[] tasks = [.. works.Select(work => _store.Database.Writer.WriteAsync(
            writer =>
            {
                work(writer);
                return true;
            },
            Cancellation).AsTask())];
        queued.Set();
        await first;
        await Task.WhenAll(tasks).ContinueWith(_ => { }, Cancellation, TaskContinuationOptions.None, TaskScheduler.Default);
        return tasks;
    }

    [Fact]
    public async Task What_fails_in_a_group_is_undone_alone()
    {
        Task[] tasks = await InOneGroupAsync(
            writer => Insert(writer, "a"),
            writer =>
            {
                Insert(writer, "half");
                throw new ArgumentException("no");
            },
            writer =>
            {
                Insert(writer, "other half");
                Insert(writer, "a");
            },
            writer => Insert(writer, "b"));

        Assert.Equal([TaskStatus.RanToCompletion, TaskStatus.Faulted, TaskStatus.Faulted, TaskStatus.RanToCompletion], tasks.Select(task => task.Status));
        Assert.IsType<ArgumentException>(tasks[1].Exception!.InnerException);
        Assert.IsType<StorageUnavailableException>(tasks[2].Exception!.InnerException);
        Assert.Equal(["a", "b"], Keys());
    }

    [Fact]
    public async Task Nobody_is_told_of_success_before_the_group_is_on_disk()
    {
        List<string> seen = [];
        Task[] tasks = await InOneGroupAsync(writer => Insert(writer, "a"), _ => seen.AddRange(Keys()), writer => Insert(writer, "b"));

        Assert.All(tasks, task => Assert.True(task.IsCompletedSuccessfully));
        // Another connection saw nothing of the group while it ran.
        Assert.Empty(seen);
        Assert.Equal(["a", "b"], Keys());
    }

    [Fact]
    public async Task What_was_called_off_before_its_turn_is_not_done()
    {
        using var enough = new CancellationTokenSource();
        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.Database.Writer.WriteAsync(
            writer =>
            {
                Insert(writer, "a");
                return true;
            },
            enough.Token));

        Assert.Empty(Keys());
    }

    [Fact]
    public async Task What_was_asked_for_before_the_end_is_written()
    {
        Task<Submitted>[] adding = [.. Enumerable.Range(0, 200).Select(index => _store.Jobs.AddAsync(
            new NewJob($"job-{index}", new() { Type = "generate", Model = "demo", Width = 64, Height = 64 }, new SubmitOptions()), 1000, Cancellation).AsTask())];
        _store.Close();

        await Task.WhenAll(adding);
        using var again = new SqliteStore(_store.Folder);
        Assert.Equal(200, (await again.Queries.WaitingAsync(Cancellation)).Jobs.Count);
        again.Close();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.State.SetPausedAsync(true, Cancellation));
    }
}
