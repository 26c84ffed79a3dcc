using System.Data.Common;
using Npgsql;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Hears the bells of the other machines. Whatever is missed while the line is broken is looked up afterwards.</summary>
internal sealed partial class PostgresListener(
    PostgresDatabase database, PostgresEventLog events, PostgresBlobs blobs, JobQueue queue, RunningJobs running, JobLine line, ILogger<PostgresListener> logger) : BackgroundService
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
        connection.Notification += (_, bell) => Hear(bell.Channel, bell.Payload, stop);
        await using (var command = new NpgsqlCommand(string.Concat(PostgresBells.All.Select(bell => $"LISTEN {bell};")), connection))
            await command.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
        await blobs.ForgetGoneAsync(stop).ConfigureAwait(false);
        while (true)
        {
            events.Ring();
            line.Changed();
            await queue.RecheckAllAsync(stop).ConfigureAwait(false);
            await connection.WaitAsync(LookEvery, stop).ConfigureAwait(false);
        }
    }

    private void Hear(string bell, string payload, CancellationToken stop)
    {
        switch (bell)
        {
            case PostgresBells.Queue:
                line.Changed();
                break;
            case PostgresBells.Ended:
                line.Forget();
                _ = RecheckAsync(payload, stop);
                break;
            case PostgresBells.Cancelled:
                running.Find(payload)?.Cancel();
                break;
            case PostgresBells.Events:
                events.Ring();
                break;
            case PostgresBells.Latest:
                events.Hear(payload);
                break;
            case PostgresBells.Forgotten:
                blobs.Forget(payload);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The line to the database is broken, trying again: {Reason}")]
    private partial void LogBroken(string reason);
}
