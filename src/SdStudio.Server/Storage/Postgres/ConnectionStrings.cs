using Npgsql;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>What is wrong with a connection string, in words that repeat nothing of its password.</summary>
internal static class ConnectionStrings
{
    private const string Expected = "SdStudio:Database is not a PostgreSQL connection string such as Host=db;Database=sdstudio;Username=sdstudio;Password=…";

    private static readonly string[] PasswordNames = ["password", "pwd", "psw"];

    /// <param name="text">The connection string.</param>
    /// <param name="exception">What Npgsql says of it: it repeats parts of the text, which may be those of a password.</param>
    public static string Explain(string text, ArgumentException exception) => $"{Expected}: {Reason(text, exception.ParamName)}.";

    private static string Reason(string text, string? keyword) => keyword switch
    {
        _ when text.Contains("://", StringComparison.Ordinal) => "addresses such as postgres://… are not understood",
        _ when string.IsNullOrWhiteSpace(text) => "it is empty",
        nameof(NpgsqlConnectionStringBuilder.Host) => "it has no Host",
        null => "it consists of KEYWORD=VALUE, separated by semicolons; a value that contains a semicolon is put in quotes",
        _ when IsKnown(keyword) => $"the value of {keyword} is not allowed",
        _ when IsBeforePassword(text, keyword) => $"there is no keyword '{keyword}'",
        _ => "it has an unknown keyword; a value that contains a semicolon is put in quotes",
    };

    private static bool IsKnown(string keyword) => new NpgsqlConnectionStringBuilder().ContainsKey(keyword);

    // A password with a semicolon looks like a keyword behind it.
    private static bool IsBeforePassword(string text, string keyword)
    {
        int password = PasswordNames.Select(name => text.IndexOf(name, StringComparison.OrdinalIgnoreCase)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
        return text.IndexOf(keyword, StringComparison.OrdinalIgnoreCase) is >= 0 and int at && at < password;
    }
}
