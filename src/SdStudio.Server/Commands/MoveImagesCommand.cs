using System.CommandLine;
using SdStudio.Server.Hosting;
using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio move-images</c>: out of the database into a folder.</summary>
internal static class MoveImagesCommand
{
    public static Command Make()
    {
        var to = new Option<string?>("--to") { Description = "The folder that the machines share; SdStudio__Images__Directory where it is left out" };
        var database = new Option<string?>("--database") { Description = "The studio's PostgreSQL database; SdStudio__Database where it is left out" };
        var command = new Command("move-images", "Moves the images of a studio of many machines, all of them stopped, out of its database into a folder; may be cut off and run again") { to, database };
        command.SetAction((parsed, cancellation) => MoveAsync(
            parsed.GetValue(to) ?? StudioHost.EarlySettings([])["SdStudio:Images:Directory"], parsed.GetValue(database) ?? StudioHost.EarlySettings([])["SdStudio:Database"], cancellation));
        return command;
    }

    private static async Task<int> MoveAsync(string? to, string? database, CancellationToken cancellation)
    {
        try
        {
            if (string.IsNullOrWhiteSpace(to))
                throw new CommandException("Where to? Name the folder with --to, or in SdStudio__Images__Directory");
            if (string.IsNullOrWhiteSpace(database))
                throw new CommandException("Out of which database? Name it with --database, or in SdStudio__Database");
            string folder = Path.GetFullPath(to);
            using var source = new PostgresDatabase(database);
            (int files, long bytes) = await new ImagesMove(source, folder).RunAsync(cancellation).ConfigureAwait(false);
            Console.WriteLine($"{files} files ({bytes / 1e6:0.0} MB) are in {folder}; start the machines with SdStudio__Images__Directory set to it");
            return 0;
        }
        catch (Exception exception) when (exception is CommandException or CannotStartException or StorageUnavailableException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync($"sdstudio: {exception.Message}").ConfigureAwait(false);
            return 1;
        }
    }
}
