namespace SdStudio.Server.Hosting;

/// <summary>Settings that are kept in files, as containers have secrets: <c>SdStudio:Security:ApiKey_FILE</c> names the file with the value of <c>SdStudio:Security:ApiKey</c>.</summary>
internal static class SecretFiles
{
    private const string Ending = "_FILE";

    /// <exception cref="CannotStartException">A file cannot be read.</exception>
    public static void AddSecretFiles(this ConfigurationManager configuration)
    {
        List<KeyValuePair<string, string?>> values = [];
        foreach ((string name, string? file) in configuration.GetSection("SdStudio").AsEnumerable())
        {
            if (file is { Length: > 0 } && name.EndsWith(Ending, StringComparison.Ordinal))
                values.Add(new(name[..^Ending.Length], Read(name, file)));
        }

        if (values.Count > 0)
            configuration.AddInMemoryCollection(values);
    }

    private static string Read(string name, string file)
    {
        try
        {
            // An editor ends a file with a line's end, which belongs to no key.
            return File.ReadAllText(file).TrimEnd('\r', '\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CannotStartException($"{name} names {file}, which cannot be read ({exception.Message.TrimEnd('.')})");
        }
    }
}
