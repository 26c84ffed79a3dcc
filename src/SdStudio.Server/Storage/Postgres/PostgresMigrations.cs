using Npgsql;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The numbered scripts that bring a PostgreSQL database from any earlier version to this one. Whoever starts first runs them; the others wait.</summary>
internal static class PostgresMigrations
{
    // Any number that other programs in the same database are unlikely to lock.
    private const long Lock = 0x5D57_0D10_0001;

    private const string Prefix = "SdStudio.Server.Storage.Postgres.Migrations.";

    /// <exception cref="CannotStartException">A newer program has written it, or it keeps no Unicode.</exception>
    public static void Apply(NpgsqlDataSource source)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        string encoding = connection.PostgresParameters["server_encoding"];
        if (encoding != "UTF8")
            throw new CannotStartException($"The PostgreSQL database has the encoding {encoding}, and prompts are Unicode: make another one with CREATE DATABASE sdstudio ENCODING 'UTF8' TEMPLATE template0");
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        Run(connection, $"SELECT pg_advisory_xact_lock({Lock})");
        Run(connection, "CREATE TABLE IF NOT EXISTS sdstudio_schema (version integer NOT NULL)");
        int version = VersionOf(connection);
        List<string> scripts = Scripts();
        if (version > scripts.Count)
        {
            throw new CannotStartException(
                $"The PostgreSQL database was written by a newer SdStudio (version {version}; this one knows {scripts.Count}). Install the newer version on this machine too.");
        }

        for (int next = version; next < scripts.Count; next++)
            Run(connection, scripts[next]);
        if (version < scripts.Count)
            Run(connection, $"DELETE FROM sdstudio_schema; INSERT INTO sdstudio_schema VALUES ({scripts.Count})");
        transaction.Commit();
    }

    private static int VersionOf(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM sdstudio_schema", connection);
        return (int)command.ExecuteScalar()!;
    }

    private static void Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static List<string> Scripts() =>
        [.. typeof(PostgresMigrations).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(ReadScript)];

    private static string ReadScript(string name)
    {
        using var reader = new StreamReader(typeof(PostgresMigrations).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
