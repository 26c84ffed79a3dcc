using Microsoft.Data.Sqlite;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>A connection and the commands that were run on it, kept prepared. For one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);
    private SqliteTransaction? _transaction;

    public SqliteSession(string connectionString)
    {
        _connection = new SqliteConnection(connectionString);
        _connection.Open();
        _connection.CreateFunction("search_text", (string? text) => SearchText.Of(text ?? ""), isDeterministic: true);
    }

    /// <summary>Runs <paramref name="work"/> as one transaction: all of it is on disk when this returns true, or nothing.</summary>
    /// <param name="work">Returns whether what it did is to be kept.</param>
    /// <returns>Whether it was.</returns>
    public bool InTransaction(Func<SqliteSession, bool> work)
    {
        using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
        _transaction = transaction;
        try
        {
            bool isKept = work(this);
            if (isKept)
                transaction.Commit();
            return isKept;
        }
        finally
        {
            _transaction = null;
        }
    }

    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using SqliteDataReader reader = Prepare(sql, values).ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>Reads rows until <paramref name="goesOn"/> says that they are enough: the others are not even looked for.</summary>
    public void Scan(string sql, Func<SqliteDataReader, bool> goesOn, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using SqliteDataReader reader = Prepare(sql, values).ExecuteReader();
        while (reader.Read() && goesOn(reader))
        {
            // It takes them.
        }
    }

    /// <returns>How many rows it has changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> values) => Prepare(sql, values).ExecuteNonQuery();

    /// <summary>Statements that run once: nothing of them is kept.</summary>
    public void RunScript(string sql)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        // Every statement's result is asked for: ExecuteNonQuery swallows the errors of those that follow one with columns, which some
        // ALTER TABLE have.
        using SqliteDataReader reader = command.ExecuteReader();
        do
        {
            while (reader.Read())
            {
                // Nobody wants the rows of a script.
            }
        }
        while (reader.NextResult());
    }

    public void Dispose()
    {
        foreach (SqliteCommand command in _commands.Values)
            command.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!_commands.TryGetValue(sql, out SqliteCommand? command))
        {
            command = _connection.CreateCommand();
            command.CommandText = sql;
            _commands.Add(sql, command);
        }

        command.Transaction = _transaction;
        command.Parameters.Clear();
        foreach ((string name, object? value) in values)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }
}
