using System.Data.Common;
using Npgsql;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The PostgreSQL database that the machines of one studio share.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable, IDisposable
{
    // Deadlocks and serialization failures are the database's way to say "again".
    private const int MaxTries = 5;
    private readonly NpgsqlDataSource _source;

    /// <summary>Events were committed together with what they tell of.</summary>
    public event Action? HasNews;

    /// <param name="connectionString">As Npgsql has it.</param>
    /// <exception cref="CannotStartException">It cannot be used; the message says what to do.</exception>
    public PostgresDatabase(string connectionString)
    {
        try
        {
            NpgsqlConnectionStringBuilder settings = SettingsOf(connectionString);
            var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
            builder.EnableArrays();
            builder.EnableTransportSecurity();
            _source = builder.Build();
            PostgresMigrations.Apply(_source);
        }
        catch (ArgumentException exception)
        {
            throw new CannotStartException(ConnectionStrings.Explain(connectionString, exception));
        }
        catch (NpgsqlException exception)
        {
            _source?.Dispose();
            throw new CannotStartException($"The PostgreSQL database in SdStudio:Database cannot be used: {exception.Message.TrimEnd('.')}. docs/many-machines.md lists what it needs.", exception);
        }
    }

    /// <summary>A connection string with what is meant where it says nothing: a database on another machine has to prove who it is.</summary>
    internal static NpgsqlConnectionStringBuilder SettingsOf(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "SdStudio" };
        var written = new DbConnectionStringBuilder { ConnectionString = connectionString };
        bool saysHow = written.Keys!.Cast<string>().Any(key => key.Replace(" ", "", StringComparison.Ordinal).Equals("sslmode", StringComparison.OrdinalIgnoreCase));
        if (!saysHow && !(settings.Host ?? "").Split(',').All(IsThisMachine))
            settings.SslMode = SslMode.VerifyFull;
        // No connection is left in another state than it was taken in.
        settings.NoResetOnClose = true;
        return settings;
    }

    private static bool IsThisMachine(string host)
    {
        string name = host.Trim();
        return name.Length == 0 || name[0] is '/' or '@' || name.Split(':')[0].Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (System.Net.IPEndPoint.TryParse(name, out System.Net.IPEndPoint? address) && System.Net.IPAddress.IsLoopback(address.Address));
    }

    public ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellation) => _source.OpenConnectionAsync(cancellation);

    /// <summary>Runs <paramref name="work"/> as one transaction: all of it is on disk when this ends, or nothing. It may run more than once.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be written.</exception>
    public async ValueTask<T> WriteAsync<T>(Func<PostgresSession, ValueTask<T>> work, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await using NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
                var session = new PostgresSession(connection, isPrepared: true, cancellation);
                T result = await work(session).ConfigureAwait(false);
                await session.AnnounceAsync().ConfigureAwait(false);
                await transaction.CommitAsync(cancellation).ConfigureAwait(false);
                if (session.HasNews)
                    HasNews?.Invoke();
                return result;
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < MaxTries)
            {
                // The other transaction has gone first.
            }
            catch (DbException exception)
            {
                throw PostgresErrors.Translate(exception);
            }
        }
    }

    /// <summary>One statement as a transaction.</summary>
    public ValueTask<List<T>> WriteAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation, params (string Name, object? Value)[] values) =>
        WriteAsync(session => session.QueryAsync(sql, read, values), cancellation);

    /// <summary>One statement as a transaction, for what it does.</summary>
    public async ValueTask ExecuteAsync(string sql, CancellationToken cancellation, params (string Name, object? Value)[] values) =>
        await WriteAsync(sql, _ => true, cancellation, values).ConfigureAwait(false);

    /// <summary>Runs a query.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be read.</exception>
    public ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation, params (string Name, object? Value)[] values) =>
        ReadAsync(sql, read, isPrepared: true, cancellation, values);

    /// <summary>The same for a query whose values decide how it is best run, such as the words of a search.</summary>
    /// <exception cref="StorageUnavailableException">It cannot be read.</exception>
    public ValueTask<List<T>> SearchAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation, params (string Name, object? Value)[] values) =>
        ReadAsync(sql, read, isPrepared: false, cancellation, values);

    /// <summary>The first row of a query; the type's default when there is none.</summary>
    public async ValueTask<T?> FirstAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation, params (string Name, object? Value)[] values) =>
        (await QueryAsync(sql, read, cancellation, values).ConfigureAwait(false)).FirstOrDefault();

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    public void Dispose() => _source.Dispose();

    private async ValueTask<List<T>> ReadAsync<T>(string sql, Func<DbDataReader, T> read, bool isPrepared, CancellationToken cancellation, params (string Name, object? Value)[] values)
    {
        try
        {
            await using NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            return await new PostgresSession(connection, isPrepared, cancellation).QueryAsync(sql, read, values).ConfigureAwait(false);
        }
        catch (DbException exception)
        {
            throw PostgresErrors.Translate(exception);
        }
    }
}
