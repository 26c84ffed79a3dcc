using System.CommandLine;
using Microsoft.Extensions.Options;
using SdStudio.Server.Hosting;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Postgres;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio move-database</c>: a history of one machine becomes that of many.</summary>
internal static class MoveDatabaseCommand
{
    public static Command Make()
    {
        var to = new Option<string?>("--to") { Description = "The PostgreSQL database, like Host=db;Database=sdstudio;Username=sdstudio; SdStudio__Database where it is left out" };
        var images = new Option<string?>("--images") { Description = "The folder for images that the machines are to share; SdStudio__Images__Directory where it is left out, and the database without either" };
        var command = new Command("move-database", "Copies history and images of a stopped server into a PostgreSQL database; may be cut off and run again") { to, images };
        command.Options.Add(DataDirectory.Option);
        command.SetAction((parsed, cancellation) => MoveAsync(
            DataDirectory.Of(parsed), parsed.GetValue(to) ?? StudioHost.EarlySettings([])["SdStudio:Database"],
            parsed.GetValue(images) ?? StudioHost.EarlySettings([])["SdStudio:Images:Directory"], cancellation));
        return command;
    }

    private static async Task<int> MoveAsync(string data, string? to, string? images, CancellationToken cancellation)
    {
        try
        {
            if (string.IsNullOrWhiteSpace(to))
                throw new CommandException("Name the PostgreSQL database with --to, or in SdStudio__Database");
            if (!File.Exists(Path.Combine(data, "sdstudio.db")))
                throw new CommandException($"There is no history in {data}; name the data directory with --data");
            using var folders = new DataFolders(Options.Create(new StudioOptions { DataDirectory = data }));
            using var source = new StudioDatabase(folders);
            using var target = new PostgresDatabase(to);
            string? shared = string.IsNullOrWhiteSpace(images) ? null : Path.GetFullPath(images);
            await ImagesPlace.CheckAsync(target, shared, cancellation).ConfigureAwait(false);
            Moved moved = await new DatabaseMove(source, folders, target, shared).RunAsync(cancellation).ConfigureAwait(false);
            Console.WriteLine(
                $"{moved.Jobs} jobs and {moved.Images} images are in the database, {moved.Files} files ({moved.Bytes / 1e6:0.0} MB) in {shared ?? "it too"}; the data directory is as it was");
            return 0;
        }
        catch (Exception exception) when (exception is CommandException or CannotStartException or StorageUnavailableException or IOException or UnauthorizedAccessException or InvalidDataException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"sdstudio: {exception.Message}").ConfigureAwait(false);
            return 1;
        }
    }
}
