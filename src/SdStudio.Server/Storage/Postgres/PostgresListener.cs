using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using Npgsql;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Hears the bells of the other machines. Whatever is missed while the line is broken is looked up afterwards.</summary>
internal sealed partial class PostgresListener(
    ListenedTo heard, JobQueue queue, RunningJobs running, JobLine line, PostgresDatabase database, ILogger<PostgresListener> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is DbException or StorageUnavailableException)
            {
                LogBroken(exception.Message);
                await Task.Delay(RetryDelay, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stop)
    {
        await using NpgsqlConnection connection = await database.ConnectAsync(stop).ConfigureAwait(false);
        try
        {
            await ListenAsync(connection, stop).ConfigureAwait(false);
        }
        finally
        {
            // Whoever takes it next would listen.
            NpgsqlConnection.ClearPool(connection);
        }
    }

    private async Task ListenAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        connection.Notification += (_, bell) => Hear(bell.Channel, bell.Payload, stop);
        await using (var command = new NpgsqlCommand(string.Concat(PostgresBells.All.Select(bell => $"LISTEN {bell};")), connection))
            await command.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
        await heard.Blobs.ForgetGoneAsync(stop).ConfigureAwait(false);
        while (true)
        {
            heard.Events.Ring();
            heard.Files.Ring();
            line.Changed();
            await queue.RecheckAllAsync(stop).ConfigureAwait(false);
            await HearForAsync(LookEvery, connection, stop).ConfigureAwait(false);
        }
    }

    // Each bell ends the driver's wait. What it tells is known then: only after this time is everything looked up.
    private static async Task HearForAsync(TimeSpan time, NpgsqlConnection connection, CancellationToken stop)
    {
        long began = Stopwatch.GetTimestamp();
        // The driver takes less than a millisecond for a wait without end.
        while (time - Stopwatch.GetElapsedTime(began) is { TotalMilliseconds: >= 1 } left)
            await connection.WaitAsync(left, stop).ConfigureAwait(false);
    }

    private void Hear(string bell, string payload, CancellationToken stop)
    {
        switch (bell)
        {
            case PostgresBells.Queue when payload.Length > 0:
                line.Hear(JsonSerializer.Deserialize(payload, PostgresJson.Default.LineNews)!);
                break;
            case PostgresBells.Queue:
                line.Changed();
                break;
            case PostgresBells.Ended:
                line.Ended();
                _ = RecheckAsync(payload, stop);
                break;
            case PostgresBells.Cancelled:
                running.Cancel(payload);
                break;
            case PostgresBells.Events:
                heard.Events.Ring();
                break;
            case PostgresBells.Latest:
                heard.Events.Hear(payload);
                break;
            case PostgresBells.Forgotten:
                heard.Blobs.Forget(payload);
                break;
            case PostgresBells.Shared:
                heard.Files.Ring();
                break;
        }
    }

    private async Task RecheckAsync(string id, CancellationToken stop)
    {
        try
        {
            await queue.RecheckAsync(id, stop).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is StorageUnavailableException or OperationCanceledException)
        {
            // The next look finds it.
            LogBroken(exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection to the database was lost, reconnecting: {Reason}")]
    private partial void LogBroken(string reason);
}

/// <summary>What is told of what other machines did.</summary>
internal sealed record ListenedTo(PostgresEventLog Events, PostgresBlobs Blobs, SharedFolders Files);
