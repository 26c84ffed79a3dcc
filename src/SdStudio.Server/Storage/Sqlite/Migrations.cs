using System.Globalization;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>The numbered scripts that bring a database from any earlier version to this one.</summary>
internal static class Migrations
{
    /// <summary>Of this program.</summary>
    public static int NewestVersion => Scripts().Count;

    public static int VersionOf(SqliteSession session) => session.Query("PRAGMA user_version", row => row.GetInt32(0))[0];

    /// <summary>Runs the scripts that a database lacks, each as a transaction.</summary>
    /// <param name="session">The database.</param>
    /// <param name="upTo">The version to stop at; null for the newest.</param>
    /// <exception cref="CannotStartException">A newer program has written it.</exception>
    public static void Apply(SqliteSession session, int? upTo = null)
    {
        List<string> scripts = Scripts();
        int version = VersionOf(session);
        if (version > scripts.Count)
        {
            throw new CannotStartException(
                $"The database sdstudio.db was written by a newer SdStudio (version {version}; this one knows {scripts.Count}). Start the newer version, or use another data directory.");
        }

        for (int next = version + 1; next <= (upTo ?? scripts.Count); next++)
        {
            string script = scripts[next - 1] + string.Create(CultureInfo.InvariantCulture, $"\nPRAGMA user_version = {next};");
            session.InTransaction(writer =>
            {
                writer.RunScript(script);
                return true;
            });
        }
    }

    private static List<string> Scripts()
    {
        IEnumerable<string> names = typeof(Migrations).Assembly.GetManifestResourceNames()
            .Where(name => name.Contains(".Sqlite.", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        return [.. names.Select(ReadScript)];
    }

    private static string ReadScript(string name)
    {
        using var reader = new StreamReader(typeof(Migrations).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
