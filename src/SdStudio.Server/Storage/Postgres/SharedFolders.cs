using System.Text.Json;
using System.Threading.Channels;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>
/// Keeps people, styles, wildcards and shared settings the same on all machines: each has them as files, as a machine alone has, and what changes
/// on one is on the others a moment later. Of two changes of one file at the same time the later one stays.
/// </summary>
internal sealed partial class SharedFolders(PostgresDatabase database, DataFolders folders, ILogger<SharedFolders> logger) : BackgroundService
{
    private const long OrderLock = 0x5D57_0D10_0006;
    private const int AtOnce = 100;

    // Files are changed by hand, too.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(30);
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SharedFiles _files = new(folders.Root);
    private readonly string _stateFile = Path.Combine(folders.Root, "shared.json");
    private SharedFileState _state = new(0, []);
    private long _asked;

    /// <summary>Another machine has changed a file.</summary>
    public void Ring() => _bell.Writer.TryWrite(true);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(_stateFile))
            _state = await ReadStateAsync(cancellationToken).ConfigureAwait(false);
        // Before the first request that names somebody.
        await SyncAsync(asks: true, cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                bool hasRung = await WaitAsync(stoppingToken).ConfigureAwait(false);
                bool asks = hasRung || Environment.TickCount64 - _asked > AskEvery.TotalMilliseconds;
                await SyncAsync(asks, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is StorageUnavailableException or IOException or UnauthorizedAccessException)
            {
                LogNotShared(exception.Message);
            }
        }
    }

    /// <summary>Takes what others have changed, and gives what was changed here.</summary>
    internal async Task SyncAsync(bool asks, CancellationToken cancellation)
    {
        Dictionary<string, string> here = _files.Scan();
        (bool any, bool isFirst) = (false, _state.Last == 0);
        while (asks && await ChangesAsync(cancellation).ConfigureAwait(false) is { Count: > 0 } changes)
        {
            foreach (Change change in changes)
                await TakeAsync(change, here, isFirst, cancellation).ConfigureAwait(false);
            // Written when all of a first look is here: one that is cut off is a first look again.
            any = true;
            asks = changes.Count == AtOnce;
        }

        if (asks || any)
            _asked = Environment.TickCount64;
        foreach (string name in here.Keys.Union(_state.Files.Keys).ToList())
        {
            string? own = here.GetValueOrDefault(name);
            if (own != _state.Files.GetValueOrDefault(name)?.Sha256 && (own is not null || _files.IsDeleted(name)))
                any |= await GiveAsync(name, own, cancellation).ConfigureAwait(false);
        }

        if (any)
            await WriteStateAsync(cancellation).ConfigureAwait(false);
    }

    private Task<List<Change>> ChangesAsync(CancellationToken cancellation) => database.QueryAsync(
        "SELECT path, version, sha256 FROM shared_files WHERE version > @last ORDER BY version LIMIT @limit",
        row => new Change(row.GetString(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetString(2)),
        cancellation, ("last", _state.Last), ("limit", AtOnce)).AsTask();

    private ValueTask<byte[]?> DataAsync(Change change, CancellationToken cancellation) => database.FirstAsync(
        "SELECT data FROM shared_files WHERE path = @path AND version = @version", row => row.GetFieldValue<byte[]>(0), cancellation,
        ("path", change.Path), ("version", change.Version));

    private async Task TakeAsync(Change change, Dictionary<string, string> here, bool isFirst, CancellationToken cancellation)
    {
        (string? own, string? known) = (here.GetValueOrDefault(change.Path), _state.Files.GetValueOrDefault(change.Path)?.Sha256);
        // What was changed here since is newer, and is given below. A machine that joins has changed nothing.
        bool isOwnNewer = own != known && !isFirst;
        if (own != change.Sha256 && !isOwnNewer)
        {
            byte[]? data = change.Sha256 is null ? null : await DataAsync(change, cancellation).ConfigureAwait(false);
            // It was changed again: that change comes with a later number.
            if (change.Sha256 is not null && data is null)
                return;
            if (own is not null && isFirst)
                _files.SetAside(change.Path);
            if (data is not null)
                await _files.WriteAsync(change.Path, data, cancellation).ConfigureAwait(false);
            else if (own is not null && !isFirst)
                _files.Delete(change.Path);
            if (change.Sha256 is { } hash)
                here[change.Path] = hash;
            else
                here.Remove(change.Path);
        }

        _state.Files[change.Path] = new SharedFileVersion(change.Version, change.Sha256);
        _state = _state with { Last = change.Version };
    }

    private async Task<bool> GiveAsync(string name, string? hash, CancellationToken cancellation)
    {
        byte[]? data = hash is null ? null : await _files.ReadAsync(name, cancellation).ConfigureAwait(false);
        // It is being changed: the next look finds how it is then.
        if (hash is not null && (data is null || Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(data)) != hash))
            return false;
        long known = _state.Files.GetValueOrDefault(name)?.Version ?? 0;
        long version = await database.WriteAsync(
            async session =>
            {
                await session.ExecuteAsync($"SELECT pg_advisory_xact_lock({OrderLock})").ConfigureAwait(false);
                long given = await session.FirstAsync(
                    "INSERT INTO shared_files (path, version, sha256, data) VALUES (@path, nextval('shared_versions'), @hash, @data) " +
                    "ON CONFLICT (path) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256, data = excluded.data WHERE shared_files.version = @known RETURNING version",
                    row => row.GetInt64(0), ("path", name), ("hash", hash), ("data", data), ("known", known)).ConfigureAwait(false);
                if (given > 0)
                    session.Ring(PostgresBells.Shared, "");
                return given;
            },
            cancellation).ConfigureAwait(false);
        // Another machine was first: its change is looked at before this one is given.
        if (version == 0)
        {
            Ring();
            return false;
        }

        _state.Files[name] = new SharedFileVersion(version, hash);
        return true;
    }

    // False when nobody has rung.
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
            return false;
        }
    }

    private async Task<SharedFileState> ReadStateAsync(CancellationToken cancellation)
    {
        try
        {
            await using FileStream file = File.OpenRead(_stateFile);
            return await JsonSerializer.DeserializeAsync(file, PostgresJson.Default.SharedFileState, cancellation).ConfigureAwait(false) ?? new SharedFileState(0, []);
        }
        catch (JsonException)
        {
            // As a machine that joins.
            return new SharedFileState(0, []);
        }
    }

    private async Task WriteStateAsync(CancellationToken cancellation)
    {
        string temporary = _stateFile + ".tmp";
        await File.WriteAllBytesAsync(temporary, JsonSerializer.SerializeToUtf8Bytes(_state, PostgresJson.Default.SharedFileState), cancellation).ConfigureAwait(false);
        File.Move(temporary, _stateFile, overwrite: true);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "People, styles and wildcards cannot be shared with the other machines: {Reason}")]
    private partial void LogNotShared(string reason);

    private sealed record Change(string Path, long Version, string? Sha256);
}

/// <summary>Which files this machine has in common with the others.</summary>
/// <param name="Last">The newest change that it has taken.</param>
/// <param name="Files">By name.</param>
internal sealed record SharedFileState(long Last, Dictionary<string, SharedFileVersion> Files);

/// <param name="Version">The change.</param>
/// <param name="Sha256">Of the content; null for a file that was deleted.</param>
internal sealed record SharedFileVersion(long Version, string? Sha256);
