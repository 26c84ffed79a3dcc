using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using SdStudio.Server.Events;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// The events of all machines, in the order in which they were committed: every machine keeps the last ones in memory, so that a client goes on
/// at any of them. What is soon outdated travels with the bell alone. Publishing never waits for the database.
/// What happens to jobs is noted without a number by the transaction that does it, which so waits for nobody; the machine that has committed it
/// gives the numbers a moment later, and any other does where that machine is dead by then.
/// </summary>
internal sealed partial class PostgresEventLog : BackgroundService, IEventLog
{
    // Who takes it writes the next numbers: the order of numbers is that of the commits, and nobody reads one before those in front of it.
    private const long OrderLock = 0x5D57_0D10_0005;
    private const int Kept = 4096;
    private const int AtOnce = 1000;
    private const int MaxWaiting = 20_000;

    // Bells that nobody heard.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly PostgresDatabase _database;
    private readonly NodeIdentity _node;
    private readonly ILogger<PostgresEventLog> _logger;
    private readonly ConcurrentQueue<NewEvent> _waiting = new();
    private readonly ConcurrentDictionary<string, LatestEvent> _latest = new(StringComparer.Ordinal);
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private RingEventLog _ring = new(epoch: 0, number: 0);
    private int _isNoted;

    public PostgresEventLog(PostgresDatabase database, NodeIdentity node, ILogger<PostgresEventLog> logger)
    {
        (_database, _node, _logger) = (database, node, logger);
        database.HasNews += Noted;
    }

    public bool ComesWithRows => true;

    public long Epoch => _ring.Epoch;

    /// <summary>The newest event that this machine has read.</summary>
    public long Number => _ring.Number;

    // Nobody knows who listens at other machines. Previews are too large to travel.
    public bool HasListeners(string channel) => channel != EventChannel.Previews || _ring.HasListeners(channel);

    public void Publish(string channel, string type, string? owner, ReadOnlyMemory<byte> data)
    {
        if (_waiting.Count >= MaxWaiting && _waiting.TryDequeue(out _))
            LogDropped();
        _waiting.Enqueue(new NewEvent(channel, type, owner, data.ToArray()));
        Noted();
    }

    public void PublishLatest(string channel, string type, string subject, string? owner, ReadOnlyMemory<byte> data)
    {
        _ring.PublishLatest(channel, type, subject, owner, data);
        if (channel == EventChannel.Previews)
            return;
        _latest[$"{type} {subject}"] = new LatestEvent(_node.Id, channel, type, subject, owner, JsonElement.Parse(data.Span));
        Ring();
    }

    public EventSubscription Subscribe(IEnumerable<string> channels, OwnerScope scope, EventPosition? after = null) => _ring.Subscribe(channels, scope, after);

    /// <summary>There may be new events.</summary>
    public void Ring() => _bell.Writer.TryWrite(true);

    /// <summary>Another machine tells what is soon outdated.</summary>
    public void Hear(string notice)
    {
        if (JsonSerializer.Deserialize(notice, PostgresJson.Default.LatestEvent) is { } latest && latest.Node != _node.Id)
            _ring.PublishLatest(latest.Channel, latest.Type, latest.Subject, latest.Owner, JsonSerializer.SerializeToUtf8Bytes(latest.Data, PostgresJson.Default.JsonElement));
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        string epoch = await _database.FirstAsync("SELECT value FROM studio_state WHERE key = 'event_epoch'", row => row.GetString(0), cancellationToken).ConfigureAwait(false)
            ?? throw new InvalidOperationException("The table studio_state lacks its event_epoch");
        long newest = await _database.FirstAsync("SELECT coalesce(max(number), 0) FROM events", row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);
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

    /// <summary>Notes events, for the transaction that does what they tell of.</summary>
    internal const string Note =
        "INSERT INTO event_outbox (channel, type, owner, data) SELECT channel, type, owner, data FROM unnest(@channels, @types, @owners, @data) AS new (channel, type, owner, data)";

    /// <summary>The values of <see cref="Note"/>.</summary>
    internal static (string Name, object? Value)[] Notes(IReadOnlyList<NewEvent> news) =>
    [
        ("channels", news.Select(one => one.Channel).ToArray()), ("types", news.Select(one => one.Type).ToArray()),
        ("owners", news.Select(one => one.Owner).ToArray()), ("data", news.Select(one => one.Data).ToArray()),
    ];

    public override void Dispose()
    {
        _database.HasNews -= Noted;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                bool hasRung = await WaitAsync(stoppingToken).ConfigureAwait(false);
                await TellLatestAsync(stoppingToken).ConfigureAwait(false);
                if (Interlocked.Exchange(ref _isNoted, 0) > 0 || (!hasRung && await IsLeftAsync(stoppingToken).ConfigureAwait(false)))
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
                Noted();
            }
        }
    }

    private void Noted()
    {
        Interlocked.Exchange(ref _isNoted, 1);
        Ring();
    }

    // False when nobody has rung for some time.
    private async Task<bool> WaitAsync(CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(LookEvery);
        try
        {
            return await _bell.Reader.ReadAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // It is looked at all the same.
            return false;
        }
    }

    // A machine that died after a commit has noted what it could not number any more.
    private ValueTask<bool> IsLeftAsync(CancellationToken cancellation) =>
        _database.FirstAsync("SELECT EXISTS (SELECT 1 FROM event_outbox)", row => row.GetBoolean(0), cancellation);

    private async Task TellLatestAsync(CancellationToken cancellation)
    {
        foreach ((string key, LatestEvent latest) in _latest)
        {
            string notice = JsonSerializer.Serialize(latest, PostgresJson.Default.LatestEvent);
            if (System.Text.Encoding.UTF8.GetByteCount(notice) <= PostgresBells.MaxNotice)
                await _database.ExecuteAsync("SELECT pg_notify(@bell, @notice)", cancellation, ("bell", PostgresBells.Latest), ("notice", notice)).ConfigureAwait(false);
            _latest.TryRemove(KeyValuePair.Create(key, latest));
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        int count;
        do
        {
            NewEvent[] some = [.. _waiting.Take(AtOnce)];
            count = await _database.WriteAsync(session => NumberAsync(session, some), cancellation).ConfigureAwait(false);
            for (int i = 0; i < some.Length; i++)
                _waiting.TryDequeue(out _);
        }
        while (count == AtOnce || !_waiting.IsEmpty);
    }

    private static async ValueTask<int> NumberAsync(PostgresSession session, NewEvent[] own)
    {
        await session.ExecuteAsync($"SELECT pg_advisory_xact_lock({OrderLock})").ConfigureAwait(false);
        if (own.Length > 0)
            await session.ExecuteAsync(Note, Notes(own)).ConfigureAwait(false);
        List<long> numbers = await session.QueryAsync(
            "WITH noted AS (DELETE FROM event_outbox WHERE number IN (SELECT number FROM event_outbox ORDER BY number LIMIT @limit) RETURNING number, channel, type, owner, data) " +
            "INSERT INTO events (number, channel, type, owner, data) " +
            "SELECT (SELECT coalesce(max(number), 0) FROM events) + row_number() OVER (ORDER BY number), channel, type, owner, data FROM noted RETURNING number",
            row => row.GetInt64(0), ("limit", AtOnce)).ConfigureAwait(false);
        if (numbers.Count == 0)
            return 0;
        long newest = numbers.Max();
        if (newest % Kept < numbers.Count)
            await session.ExecuteAsync("DELETE FROM events WHERE number < @oldest", ("oldest", newest - Kept)).ConfigureAwait(false);
        session.Ring(PostgresBells.Events, "");
        return numbers.Count;
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        List<StudioEvent> some;
        do
        {
            some = await _database.QueryAsync(
                "SELECT number, channel, type, owner, data FROM events WHERE number > @last ORDER BY number LIMIT @limit",
                row => new StudioEvent(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetFieldValue<byte[]>(4)) { Owner = row.IsDBNull(3) ? null : row.GetString(3) },
                cancellation, ("last", _ring.Number), ("limit", AtOnce)).ConfigureAwait(false);
            some.ForEach(_ring.Append);
        }
        while (some.Count == AtOnce);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Events cannot be sent to the other machines: {Reason}")]
    private partial void LogStorage(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Too many events are waiting for the database; the oldest one was dropped")]
    private partial void LogDropped();
}

/// <summary>What is soon outdated, on its way between machines.</summary>
internal sealed record LatestEvent(string Node, string Channel, string Type, string Subject, string? Owner, JsonElement Data);

/// <summary>The JSON of bells.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LatestEvent))]
[JsonSerializable(typeof(LineNews))]
[JsonSerializable(typeof(NodeReport))]
[JsonSerializable(typeof(IReadOnlyList<SharedModel>))]
[JsonSerializable(typeof(SharedFileState))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class PostgresJson : JsonSerializerContext;
