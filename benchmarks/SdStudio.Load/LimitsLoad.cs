using System.Diagnostics;
using Npgsql;
using SdStudio.Tests;

namespace SdStudio.Load;

/// <summary>
/// What one PostgreSQL carries of what many machines ask of it, each by itself and with the server's own statements: where a thousand machines
/// would meet a wall.
/// </summary>
internal static class LimitsLoad
{
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(5);

    public static async Task RunAsync()
    {
        using PostgresServer postgres = PostgresServer.Start(out string reason) ?? throw new InvalidOperationException(reason);
        string database = postgres.NewDatabase();
        string data = Directory.CreateTempSubdirectory("sdstudio-load-").FullName;
        // The server makes its tables.
        (await Studio.StartAsync(data, ("SdStudio__Database", database))).Dispose();
        Directory.Delete(data, recursive: true);
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database + ";Maximum Pool Size=150");
        Console.WriteLine(FormattableString.Invariant($"events numbered under the one lock, 8 writers: {await EventsAsync(source):F0} a second"));
        foreach (int listeners in new[] { 1, 10, 100 })
            Console.WriteLine(FormattableString.Invariant($"notices of 500 bytes to {listeners} listener(s), 4 senders: {await BellsAsync(source, listeners):F0} a second, each heard by all"));
        foreach (int machines in new[] { 1, 100, 1000 })
            Console.WriteLine(FormattableString.Invariant($"leases prolonged, {machines} machine(s) of one running job: {await LeasesAsync(source, machines):F0} a second"));
        foreach (int mib in new[] { 2, 64 })
        {
            (double written, double read) = await FilesAsync(source, mib);
            Console.WriteLine(FormattableString.Invariant($"files of {mib} MiB as bytea, one after the other: {written:F0} MB/s written, {read:F0} MB/s read in parts of 4 MiB"));
        }
    }

    private static async Task<double> EventsAsync(NpgsqlDataSource source) => await RateAsync(8, async () =>
    {
        await using NpgsqlConnection connection = await source.OpenConnectionAsync();
        await ExecuteAsync(connection, "INSERT INTO event_outbox (channel, type, owner, data) SELECT 'queue', 'job_updated', NULL, convert_to(repeat('x', 500), 'UTF8') FROM generate_series(1, 4)");
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, "SELECT pg_advisory_xact_lock(1)");
        await ExecuteAsync(
            connection,
            "WITH noted AS (DELETE FROM event_outbox WHERE number IN (SELECT number FROM event_outbox ORDER BY number LIMIT 1000) RETURNING number, channel, type, owner, data) " +
            "INSERT INTO events (number, channel, type, owner, data) " +
            "SELECT (SELECT coalesce(max(number), 0) FROM events) + row_number() OVER (ORDER BY number), channel, type, owner, data FROM noted");
        await ExecuteAsync(connection, "SELECT pg_notify('sdstudio_events', '')");
        await transaction.CommitAsync();
    }) * 4;

    private static async Task<double> BellsAsync(NpgsqlDataSource source, int listeners)
    {
        long heard = 0;
        using var leave = new CancellationTokenSource();
        List<NpgsqlConnection> ears = [];
        for (int i = 0; i < listeners; i++)
        {
            NpgsqlConnection ear = await source.OpenConnectionAsync();
            ear.Notification += (_, _) => Interlocked.Increment(ref heard);
            await ExecuteAsync(ear, "LISTEN sdstudio_limits");
            ears.Add(ear);
        }

        Task listening = Task.WhenAll(ears.Select(async ear =>
        {
            while (!leave.IsCancellationRequested)
                await ear.WaitAsync(leave.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }));
        long sent = 0, began = Stopwatch.GetTimestamp();
        await RateAsync(4, async () =>
        {
            await using NpgsqlCommand command = source.CreateCommand($"SELECT pg_notify('sdstudio_limits', repeat('x', 480) || {Interlocked.Increment(ref sent)})");
            await command.ExecuteNonQueryAsync();
        });
        while (Interlocked.Read(ref heard) < sent * listeners)
            await Task.Delay(5);
        double rate = sent / Stopwatch.GetElapsedTime(began).TotalSeconds;
        await leave.CancelAsync();
        await listening;
        foreach (NpgsqlConnection ear in ears)
            await ear.DisposeAsync();
        return rate;
    }

    // Each machine prolongs its own job and tells that it lives, as it does every sixth of a lease.
    private static async Task<double> LeasesAsync(NpgsqlDataSource source, int machines)
    {
        await using (NpgsqlConnection connection = await source.OpenConnectionAsync())
        {
            await ExecuteAsync(connection, "DELETE FROM jobs; DELETE FROM nodes");
            await ExecuteAsync(
                connection,
                $"INSERT INTO jobs (id, type, model, settings, prompt, status, created_at, queued_at, updated_at, worker, claim, lease_until) SELECT 'job-' || i, 'generate', 'demo', '{{}}', '', 'processing', 1, 1, 1, 'w' || i, 1, 1 FROM generate_series(1, {machines}) AS i; " +
                $"INSERT INTO nodes (id, name, version, worker, devices, started_at, seen_at) SELECT 'node-' || i, 'n', '1', 'w' || i, 'cpu', 1, 1 FROM generate_series(1, {machines}) AS i");
        }

        int next = 0;
        return await RateAsync(16, async () =>
        {
            int machine = (Interlocked.Increment(ref next) % machines) + 1;
            await using NpgsqlConnection connection = await source.OpenConnectionAsync();
            await ExecuteAsync(connection, $"UPDATE jobs SET lease_until = sdstudio_now() + 30000, progress = 0.5 WHERE id = 'job-{machine}' AND claim = 1 AND worker = 'w{machine}' AND status = 'processing'");
            await ExecuteAsync(connection, $"UPDATE nodes SET seen_at = sdstudio_now(), report = repeat('x', 2000) WHERE id = 'node-{machine}'");
        });
    }

    private static async Task<(double Written, double Read)> FilesAsync(NpgsqlDataSource source, int mib)
    {
        byte[] data = new byte[mib << 20];
        new Random(1).NextBytes(data);
        int count = Math.Max(4, 128 / mib);
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            await using NpgsqlCommand command = source.CreateCommand("INSERT INTO blobs (name, data) VALUES (@name, @data) ON CONFLICT (name) DO UPDATE SET data = excluded.data");
            command.Parameters.AddWithValue("name", $"images/{mib}-{i}.png");
            command.Parameters.AddWithValue("data", data);
            await command.ExecuteNonQueryAsync();
        }

        double written = (double)data.Length * count / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds;
        began = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            for (int at = 0; at < data.Length; at += 4 << 20)
            {
                await using NpgsqlCommand command = source.CreateCommand("SELECT substring(data FROM @from FOR @count) FROM blobs WHERE name = @name");
                command.Parameters.AddWithValue("name", $"images/{mib}-{i}.png");
                command.Parameters.AddWithValue("from", at + 1);
                command.Parameters.AddWithValue("count", 4 << 20);
                await command.ExecuteScalarAsync();
            }
        }

        return (written, (double)data.Length * count / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    // How often a second something is done by several at once.
    private static async Task<double> RateAsync(int clients, Func<Task> work)
    {
        long done = 0, began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(began) < Each)
            {
                await work();
                Interlocked.Increment(ref done);
            }
        })));
        return done / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
