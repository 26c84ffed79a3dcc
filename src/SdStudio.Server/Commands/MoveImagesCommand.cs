using System.CommandLine;
using SdStudio.Server.Hosting;
using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio move-images</c>: out of the database into a folder.</summary>
internal static class MoveImagesCommand
{
    public static Command Make()
    {
        var to = new Option<string?>("--to") { Description = "The folder that the machines share; default: SdStudio__Images__Directory" };
        var database = new Option<string?>("--database") { Description = "The studio's PostgreSQL database; default: SdStudio__Database" };
        var command = new Command("move-images", "Moves the images of a studio of many machines from its database into a folder; stop all machines a minute before. Can be interrupted and run again") { to, database };
        command.SetAction((parsed, cancellation) => MoveAsync(
            parsed.GetValue(to) ?? StudioHost.EarlySettings([])["SdStudio:Images:Directory"], parsed.GetValue(database) ?? StudioHost.EarlySettings([])["SdStudio:Database"], cancellation));
        return command;
    }

    private static Task<int> MoveAsync(string? to, string? database, CancellationToken cancellation) => DataDirectory.ExplainAsync(async () =>
    {
        if (string.IsNullOrWhiteSpace(to))
            throw new CommandException("Name the folder with --to, or in SdStudio__Images__Directory");
        if (string.IsNullOrWhiteSpace(database))
            throw new CommandException("Name the PostgreSQL database with --database, or in SdStudio__Database");
        string folder = Path.GetFullPath(to);
        using var source = new PostgresDatabase(database);
        (int files, long bytes) = await new ImagesMove(source, folder, new MoveProgress(Console.Out, TimeProvider.System)).RunAsync(cancellation).ConfigureAwait(false);
        Console.WriteLine($"{files} files ({bytes / 1e6:0.0} MB) are in {folder}; start the machines with SdStudio__Images__Directory set to it");
    });
}
