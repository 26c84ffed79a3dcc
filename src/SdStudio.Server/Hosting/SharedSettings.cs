using Microsoft.Extensions.Configuration.Json;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Hosting;

/// <summary>
/// The file <c>settings.json</c> of the data directory, which counts less than the environment and the command line. Machines that share a database
/// share it: one that joins has it before it reads its settings.
/// </summary>
internal static class SharedSettings
{
    /// <exception cref="CannotStartException">It cannot be read.</exception>
    public static void AddSharedSettings(this ConfigurationManager configuration)
    {
        string data = Path.GetFullPath(configuration["SdStudio:DataDirectory"] is { Length: > 0 } named ? named : new StudioOptions().DataDirectory);
        string file = Path.Combine(data, SharedFiles.Settings);
        if (configuration["SdStudio:Database"] is { Length: > 0 } database && !File.Exists(file))
            Fetch(database, data);
        if (!File.Exists(file))
            return;
        IList<IConfigurationSource> sources = ((IConfigurationBuilder)configuration).Sources;
        int place = sources.Select((source, index) => source is JsonConfigurationSource ? index + 1 : 0).Append(0).Max();
        var added = new JsonConfigurationSource { Path = file };
        added.ResolveFileProvider();
        try
        {
            sources.Insert(place, added);
        }
        catch (InvalidDataException exception)
        {
            throw new CannotStartException($"{file} is not JSON of the form {{\"SdStudio\": {{\"Security\": {{…}}}}}}: {exception.InnerException?.Message ?? exception.Message}", exception);
        }
    }

    private static void Fetch(string connection, string data)
    {
        using var database = new PostgresDatabase(connection);
        byte[]? content = database.FirstAsync(
            "SELECT data FROM shared_files WHERE path = @path AND data IS NOT NULL", row => row.GetFieldValue<byte[]>(0), CancellationToken.None, ("path", SharedFiles.Settings))
            .AsTask().GetAwaiter().GetResult();
        if (content is null)
            return;
        PrivateFiles.Begin();
        new SharedFiles(data).WriteAsync(SharedFiles.Settings, content, CancellationToken.None).GetAwaiter().GetResult();
    }
}
