using System.Data.Common;
using Npgsql;
using NpgsqlTypes;
using SdStudio.Server.Events;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>A connection, for one statement after the other.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, CancellationToken cancellation)
{
    private readonly List<NewEvent> _news = [];

    /// <summary>What listeners are to hear of once this transaction is committed.</summary>
    public IReadOnlyList<NewEvent> News => _news;

    /// <summary>Listeners hear of it exactly when this transaction is committed.</summary>
    public void Tell(params IEnumerable<NewEvent> news) => _news.AddRange(news);

    public async ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, params (string Name, object? Value)[] values)
    {
        await using NpgsqlCommand command = Command(sql, values);
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
        await using NpgsqlCommand command = Command(sql, values);
        return await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private NpgsqlCommand Command(string sql, (string Name, object? Value)[] values)
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

        return command;
    }

    // No text of PostgreSQL has a zero or half a character in it.
    private static string Readable(string text) => text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') < 0 && !text.Contains('\0', StringComparison.Ordinal)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? " " : rune.ToString()));
}
