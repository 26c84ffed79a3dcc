using System.Data.Common;
using Npgsql;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>A connection, for one statement after the other.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, CancellationToken cancellation)
{
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
            // No text of PostgreSQL has a zero in it.
            command.Parameters.Add(new NpgsqlParameter(name, value switch { null => DBNull.Value, string text when text.Contains('\0', StringComparison.Ordinal) => text.Replace('\0', ' '), _ => value }));
        }

        return command;
    }
}
