using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using SdStudio.Server.Events;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>A connection, for one statement after the other.</summary>
/// <param name="connection">The connection.</param>
/// <param name="isPrepared">Whether the database reads and plans each statement once for all times that this connection runs it.</param>
/// <param name="cancellation">Ends its statements.</param>
internal sealed class PostgresSession(NpgsqlConnection connection, bool isPrepared, CancellationToken cancellation)
{
    private readonly List<NewEvent> _news = [];
    private readonly List<(string Bell, string Payload)> _bells = [];

    /// <summary>Whether listeners are to hear of this transaction.</summary>
    public bool HasNews => _news.Count > 0;

    /// <summary>Listeners hear of it exactly when this transaction is committed.</summary>
    public void Tell(params IEnumerable<NewEvent> news) => _news.AddRange(news);

    /// <summary>Rings when this transaction is committed.</summary>
    /// <param name="bell">One of <see cref="PostgresBells"/>.</param>
    /// <param name="payload">What it tells, at most <see cref="PostgresBells.MaxNotice"/> bytes.</param>
    public void Ring(string bell, string payload) => _bells.Add((bell, payload));

    /// <summary>Notes what listeners are to hear and rings, in one statement: the last one of a transaction.</summary>
    public async ValueTask AnnounceAsync()
    {
        if (_news.Count + _bells.Count > 0)
        {
            await ExecuteAsync(
                $"WITH noted AS ({PostgresEventLog.Note}) SELECT pg_notify(bell, payload) FROM unnest(@bells, @payloads) AS rung (bell, payload)",
                [.. PostgresEventLog.Notes(_news), ("bells", _bells.Select(rung => rung.Bell).ToArray()), ("payloads", _bells.Select(rung => rung.Payload).ToArray())]).ConfigureAwait(false);
        }
    }

    public async ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, params (string Name, object? Value)[] values)
    {
        await using NpgsqlCommand command = await CommandAsync(sql, values).ConfigureAwait(false);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>The first row; the type's default when there is none.</summary>
    public async ValueTask<T?> FirstAsync<T>(string sql, Func<DbDataReader, T> read, params (string Name, object? Value)[] values) =>
        (await QueryAsync(sql, read, values).ConfigureAwait(false)).FirstOrDefault();

    /// <returns>How many rows it has changed.</returns>
    public async ValueTask<int> ExecuteAsync(string sql, params (string Name, object? Value)[] values)
    {
        await using NpgsqlCommand command = await CommandAsync(sql, values).ConfigureAwait(false);
        return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private async ValueTask<NpgsqlCommand> CommandAsync(string sql, (string Name, object? Value)[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach ((string name, object? value) in values)
        {
            var parameter = new NpgsqlParameter(name, value switch { null => DBNull.Value, string text => Readable(text), _ => value });
            // It is sent as it is read.
            if (value is Stream)
                parameter.NpgsqlDbType = NpgsqlDbType.Bytea;
            command.Parameters.Add(parameter);
        }

        if (isPrepared)
            await command.PrepareAsync(cancellation).ConfigureAwait(false);
        return command;
    }

    // No text of PostgreSQL has a zero or half a character in it.
    private static string Readable(string text) => text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') < 0 && !text.Contains('\0', StringComparison.Ordinal)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? " " : rune.ToString()));
}
