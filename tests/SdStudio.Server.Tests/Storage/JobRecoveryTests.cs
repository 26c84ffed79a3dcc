using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;
using SdStudio.Server.Workers;

namespace SdStudio.Server.Tests.Storage;

/// <summary>A job is blamed for the ends of the process that it caused, and for no others.</summary>
public sealed class JobRecoveryTests : IDisposable
{
    private readonly SqliteStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    private async Task<Lease> BeginAsync(string id)
    {
        if (await _store.Queries.StatusAsync(id, OwnerScope.All, Cancellation) is null)
        {
            var settings = new GenerationSettings { Type = "generate", Model = "demo", Width = 64, Height = 64, Count = 2 };
            await _store.Jobs.AddAsync(new NewJob(id, settings, new SubmitOptions()), 100, Cancellation);
        }

        return (await _store.Jobs.ClaimAsync("w", null, [id], Cancellation))!.Lease;
    }

    /// <summary>The process ends and starts again.</summary>
    private async Task<Job> RestartAsync(string id, ILogger<JobRecovery>? log = null)
    {
        JobLine line = JobLineTests.LineOf(_store, TimeProvider.System);
        await new JobRecovery(_store.Jobs, _store.Queries, _store.State, line, new ImageFiles(new FolderBlobs(_store.Folders)), _store.Folders, log ?? NullLogger<JobRecovery>.Instance).StartAsync(Cancellation);
        return (await _store.Queries.FindAsync(id, OwnerScope.All, Cancellation))!;
    }

    private void Crash(string id, int secondsAgo = 0) => File.AppendAllText(
        _store.Folders.CrashFile, string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow.ToUnixTimeSeconds() - secondsAgo} GGML_ASSERT(a) failed [{id}]\n"));

    [Fact]
    public async Task A_start_waits_for_a_database_that_another_program_holds()
    {
        await BeginAsync("job");
        using var other = new SqliteSession($"Data Source={_store.Folders.Database};Pooling=False");
        other.RunScript("BEGIN IMMEDIATE");
        var log = new FirstLine();

        Task<Job> restart = RestartAsync("job", log);
        await Task.WhenAny(restart, log.Written);
        other.RunScript("ROLLBACK");

        Assert.Equal(JobStatus.Pending, (await restart).Status);
    }

    [Fact]
    public async Task Kills_from_outside_never_count()
    {
        for (int death = 0; death < 10; death++)
        {
            await BeginAsync("job");
            Crash("another job");
            Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
        }
    }

    [Fact]
    public async Task A_job_with_which_the_process_is_killed_again_and_again_is_not_tried_for_ever()
    {
        Lease lease = await BeginAsync("job");
        // A stop that is cut off is nobody's fault, and no try.
        await _store.Jobs.NoteStopAsync(lease, Cancellation);
        Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
        for (int death = 1; death < JobRecovery.MaxAttempts; death++)
        {
            await BeginAsync("job");
            Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
        }

        await BeginAsync("job");
        Job failed = await RestartAsync("job");

        Assert.Equal(JobStatus.Failed, failed.Status);
        Assert.Contains($"ended from outside {JobRecovery.MaxAttempts} times", failed.Error, StringComparison.Ordinal);
        Assert.Contains("retry", failed.Error, StringComparison.Ordinal);
        await _store.Jobs.RetryAsync("job", OwnerScope.All, 100, Cancellation);
        await BeginAsync("job");
        Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
    }

    [Fact]
    public async Task The_second_end_that_the_job_caused_is_its_last()
    {
        await BeginAsync("job");
        Crash("job");
        Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
        // Killed from outside in between: the old line is not counted once more.
        File.WriteAllText(_store.Folders.CrashFile, "");
        Crash("job", secondsAgo: 60);
        await BeginAsync("job");
        Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
        await BeginAsync("job");
        Crash("job");
        Job failed = await RestartAsync("job");

        Assert.Equal(JobStatus.Failed, failed.Status);
        Assert.Contains("ended 2 times", failed.Error, StringComparison.Ordinal);
        Assert.Contains("GGML_ASSERT(a) failed", failed.Error, StringComparison.Ordinal);
        // A retry starts counting again.
        await _store.Jobs.RetryAsync("job", OwnerScope.All, 100, Cancellation);
        await BeginAsync("job");
        Crash("job");
        Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
    }

    [Fact]
    public async Task A_stop_that_is_cut_off_does_not_count_whatever_the_engine_wrote()
    {
        for (int stop = 0; stop < 3; stop++)
        {
            Lease lease = await BeginAsync("job");
            await _store.Jobs.NoteStopAsync(lease, Cancellation);
            Crash("job");
            Job job = await RestartAsync("job");
            Assert.Equal((JobStatus.Pending, 0), (job.Status, job.Attempts));
        }
    }

    [Fact]
    public async Task Images_of_the_try_that_was_cut_off_are_gone_even_when_the_job_was_to_be_cancelled()
    {
        foreach (string id in new[] { "again", "cancelled" })
        {
            await BeginAsync(id);
            for (int index = 0; index < 2; index++)
                File.WriteAllText(Path.Combine(_store.Folders.Images, ImageId.Of(id, index) + ".png"), "an image");
        }

        await _store.Jobs.RequestCancelAsync("cancelled", OwnerScope.All, evenRunning: true, Cancellation);

        Assert.Equal(JobStatus.Pending, (await RestartAsync("again")).Status);
        Assert.Equal(JobStatus.Cancelled, (await RestartAsync("cancelled")).Status);
        Assert.Empty(Directory.GetFiles(_store.Folders.Images));
    }

    [Fact]
    public async Task A_crash_file_with_anything_in_it_is_read()
    {
        await BeginAsync("job");
        File.WriteAllText(_store.Folders.CrashFile, "[job]\n [job]\nabc [job]\n99999999999999999999999 [job]\n-1 [job]\n\0\u0001\n");

        Assert.Equal(JobStatus.Pending, (await RestartAsync("job")).Status);
    }

    private sealed class FirstLine : ILogger<JobRecovery>
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Written => _written.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _written.TrySetResult();
    }
}
