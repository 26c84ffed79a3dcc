using System.Globalization;
using SdCpp.Interop;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>
/// Decides at the start about the jobs that the last process left in the middle. They run again when the process was killed from outside,
/// up to a generous limit: what kills it may be the job's own hunger for memory. A job whose own generation ended the process is given one
/// more try.
/// </summary>
internal sealed partial class JobRecovery(
    IJobStore store, IJobQueries queries, ISharedState state, JobLine line, ImageFiles files, DataFolders folders, ILogger<JobRecovery> logger) : IHostedService, IDisposable
{
    // Where other processes may die too.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    private const int MaxDeaths = 2;

    /// <summary>How many tries of a job may end with the process, whatever ended it.</summary>
    internal const int MaxAttempts = 20;

    private readonly CancellationTokenSource _stop = new();
    private Task _looking = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await BusyStorage.RetriedAsync(() => RecoverAllAsync(cancellationToken), LogStorage, cancellationToken).ConfigureAwait(false);
        if (state.IsShared)
            _looking = LookAsync(_stop.Token);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stop.Dispose();

    private async Task LookAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LookEvery);
        while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
        {
            try
            {
                await RecoverAllAsync(stop).ConfigureAwait(false);
            }
            catch (StorageUnavailableException exception)
            {
                LogStorage(exception.Message);
            }
        }
    }

    /// <returns>How many it found.</returns>
    private async ValueTask<int> RecoverAllAsync(CancellationToken cancellation)
    {
        IReadOnlyList<ProcessingJob> lost = await queries.LostAsync(cancellation).ConfigureAwait(false);
        if (lost.Count == 0)
            return 0;
        await state.RecoverAloneAsync(
            async () =>
            {
                foreach (ProcessingJob left in await queries.LostAsync(cancellation).ConfigureAwait(false))
                    await RecoverAsync(left, cancellation).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
        return lost.Count;
    }

    private async Task RecoverAsync(ProcessingJob left, CancellationToken cancellation)
    {
        Job job = left.Job;
        // Those that are listed stay: only the others are generated again.
        IReadOnlyList<JobImage> listed = await queries.ImagesAsync(job.Id, OwnerScope.All, cancellation).ConfigureAwait(false);
        await files.DeleteImagesOfAsync(job.Id, job.Settings.Count, listed.Select(image => image.Index), VideoFormats.ExtensionOf(job.Settings)).ConfigureAwait(false);
        string? words = left.StopWasNoted ? null : LastWords(job);
        int deaths = left.Deaths + (words is null ? 0 : 1);
        int attempts = job.Attempts - (left.StopWasNoted ? 1 : 0);
        string? reason = deaths >= MaxDeaths ? $"The server process ended {deaths} times while it ran this job ({words})"
            : attempts >= MaxAttempts ? $"The server process was ended from outside {attempts} times while it ran this job; the system may lack memory for it"
            : null;
        JobFailure? failure = reason is null ? null : new JobFailure(
            $"{reason}; it is not retried automatically. POST /api/queue/ID/retry runs it once more.", nameof(SdError.Internal), Progress: 0);
        Job? recovered = await store.RecoverAsync(job.Id, failure, counts: words is not null, cancellation).ConfigureAwait(false);
        line.Changed();
        if (recovered is { Status: JobStatus.Failed })
            LogQuarantined(job.Id, recovered.Error ?? "");
        else if (recovered is { Status: JobStatus.Pending })
            LogRecovered(job.Id);
    }

    /// <summary>What the engine wrote about this try of the job when it ended the process; null when something else ended it.</summary>
    private string? LastWords(Job job)
    {
        if (!File.Exists(folders.CrashFile))
            return null;
        string? line = File.ReadLines(folders.CrashFile).LastOrDefault(line => line.Contains($"[{job.Id}]", StringComparison.Ordinal));
        // A line begins with its time in seconds; one of an earlier try was counted then.
        return line is not null && long.TryParse(line.AsSpan(0, Math.Max(0, line.IndexOf(' ', StringComparison.Ordinal))), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            && seconds >= (job.StartedAt ?? 0) / 1000 ? line : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Jobs of machines that are gone cannot be looked up in the database: {Reason}")]
    private partial void LogStorage(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} was running when the server ended; it runs again")]
    private partial void LogRecovered(string job);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job}: {Reason}")]
    private partial void LogQuarantined(string job, string reason);
}
