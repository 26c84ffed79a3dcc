using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using SdStudio.Server.Events;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// The events of all machines, in the order in which they were committed: every machine keeps the last ones in memory, so that a client goes on
/// at any of them. What is soon outdated travels with the bell alone. Publishing never waits for the database.
/// </summary>
internal sealed partial class PostgresEventLog(PostgresDatabase database, NodeIdentity node, ILogger<PostgresEventLog> logger) : BackgroundService, IEventLog
{
    // Who takes it writes the next numbers: the order of numbers is that of the commits.
    private const long OrderLock = 0x5D57_0D10_0005;
    private const int Kept = 4096;
    private const int AtOnce = 1000;
    private const int MaxWaiting = 20_000;

    // A notice of PostgreSQL has less than 8,000 bytes.
    private const int MaxNotice = 7900;

    // Bells that nobody heard.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<Written> _waiting = new();
    private readonly ConcurrentDictionary<string, LatestEvent> _latest = new(StringComparer.Ordinal);
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private RingEventLog _ring = new(epoch: 0, number: 0);

    public long Epoch => _ring.Epoch;

    /// <summary>The newest event that this machine has read.</summary>
    public long Number => _ring.Number;

    // Nobody knows who listens at other machines. Previews are too large to travel.
    public bool HasListeners(string channel) => channel != EventChannel.Previews || _ring.HasListeners(channel);

    public void Publish(string channel, string type, string? owner, ReadOnlyMemory<byte> data)
    {
        if (_waiting.Count >= MaxWaiting && _waiting.TryDequeue(out _))
            LogDropped();
        _waiting.Enqueue(new Written(channel, type, owner, data.ToArray()));
        Ring();
    }

    public void PublishLatest(string channel, string type, string subject, string? owner, ReadOnlyMemory<byte> data)
    {
        _ring.PublishLatest(channel, type, subject, owner, data);
        if (channel == EventChannel.Previews)
            return;
        _latest[$"{type} {subject}"] = new LatestEvent(node.Id, channel, type, subject, owner, JsonElement.Parse(data.Span));
        Ring();
    }

    public EventSubscription Subscribe(IEnumerable<string> channels, OwnerScope scope, EventPosition? after = null) => _ring.Subscribe(channels, scope, after);

    /// <summary>There may be new events.</summary>
    public void Ring() => _bell.Writer.TryWrite(true);

    /// <summary>Another machine tells what is soon outdated.</summary>
    public void Hear(string notice)
    {
        if (JsonSerializer.Deserialize(notice, PostgresJson.Default.LatestEvent) is { } latest && latest.Node != node.Id)
            _ring.PublishLatest(latest.Channel, latest.Type, latest.Subject, latest.Owner, JsonSerializer.SerializeToUtf8Bytes(latest.Data, PostgresJson.Default.JsonElement));
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        string epoch = await database.FirstAsync("SELECT value FROM studio_state WHERE key = 'event_epoch'", row => row.GetString(0), cancellationToken).ConfigureAwait(false)
            ?? throw new InvalidOperationException("The table studio_state lacks its event_epoch");
        long newest = await database.FirstAsync("SELECT coalesce(max(number), 0) FROM events", row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);
        _ring = new RingEventLog(long.Parse(epoch, System.Globalization.CultureInfo.InvariantCulture), Math.Max(0, newest - AtOnce));
        await ReadAsync(cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // What the last requests and jobs have told.
            await WriteAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StorageUnavailableException exception)
        {
            LogStorage(exception.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(stoppingToken).ConfigureAwait(false);
                await WriteAsync(stoppingToken).ConfigureAwait(false);
                await ReadAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StorageUnavailableException exception)
            {
                LogStorage(exception.Message);
                await Task.Delay(RetryDelay, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task WaitAsync(CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(LookEvery);
        try
        {
            await _bell.Reader.ReadAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // It is looked at all the same.
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        foreach ((string key, LatestEvent latest) in _latest)
        {
            string notice = JsonSerializer.Serialize(latest, PostgresJson.Default.LatestEvent);
            if (System.Text.Encoding.UTF8.GetByteCount(notice) <= MaxNotice)
                await database.ExecuteAsync("SELECT pg_notify(@bell, @notice)", cancellation, ("bell", PostgresBells.Latest), ("notice", notice)).ConfigureAwait(false);
            _latest.TryRemove(KeyValuePair.Create(key, latest));
        }

        while (!_waiting.IsEmpty)
        {
            Written[] some = [.. _waiting.Take(AtOnce)];
            await database.WriteAsync(session => WriteAsync(session, some), cancellation).ConfigureAwait(false);
            for (int i = 0; i < some.Length; i++)
                _waiting.TryDequeue(out _);
        }
    }

    private static async ValueTask<bool> WriteAsync(PostgresSession session, Written[] events)
    {
        await session.ExecuteAsync($"SELECT pg_advisory_xact_lock({OrderLock})").ConfigureAwait(false);
        long newest = await session.FirstAsync(
            "INSERT INTO events (number, channel, type, owner, data) SELECT (SELECT coalesce(max(number), 0) FROM events) + place, channel, type, owner, data " +
            "FROM unnest(@channels, @types, @owners, @data) WITH ORDINALITY AS new (channel, type, owner, data, place) RETURNING number",
            row => row.GetInt64(0),
            ("channels", events.Select(one => one.Channel).ToArray()), ("types", events.Select(one => one.Type).ToArray()),
            ("owners", events.Select(one => one.Owner).ToArray()), ("data", events.Select(one => one.Data).ToArray())).ConfigureAwait(false);
        if (newest % Kept < events.Length)
            await session.ExecuteAsync("DELETE FROM events WHERE number < @oldest", ("oldest", newest - Kept)).ConfigureAwait(false);
        await PostgresBells.RingAsync(session, PostgresBells.Events, "").ConfigureAwait(false);
        return true;
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        List<StudioEvent> some;
        do
        {
            some = await database.QueryAsync(
                "SELECT number, channel, type, owner, data FROM events WHERE number > @last ORDER BY number LIMIT @limit",
                row => new StudioEvent(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetFieldValue<byte[]>(4)) { Owner = row.IsDBNull(3) ? null : row.GetString(3) },
                cancellation, ("last", _ring.Number), ("limit", AtOnce)).ConfigureAwait(false);
            some.ForEach(_ring.Append);
        }
        while (some.Count == AtOnce);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Events cannot be told to the other machines at the moment: {Reason}")]
    private partial void LogStorage(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The oldest event that waits for the database was dropped")]
    private partial void LogDropped();

    private sealed record Written(string Channel, string Type, string? Owner, byte[] Data);
}

/// <summary>What is soon outdated, on its way between machines.</summary>
internal sealed record LatestEvent(string Node, string Channel, string Type, string Subject, string? Owner, JsonElement Data);

/// <summary>The JSON of bells.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LatestEvent))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class PostgresJson : JsonSerializerContext;
