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
        var to = new Option<string?>("--to") { Description = "The PostgreSQL database, like Host=db;Database=sdstudio;Username=sdstudio; default: SdStudio__Database" };
        var images = new Option<string?>("--images") { Description = "The folder for images that all machines share; default: SdStudio__Images__Directory, or the database if neither is given" };
        var command = new Command("move-database", "Copies the history and images of a stopped server into a PostgreSQL database. Can be interrupted and run again") { to, images };
        command.Options.Add(DataDirectory.Option);
        command.SetAction((parsed, cancellation) => MoveAsync(
            DataDirectory.Of(parsed), parsed.GetValue(to) ?? StudioHost.EarlySettings([])["SdStudio:Database"],
            parsed.GetValue(images) ?? StudioHost.EarlySettings([])["SdStudio:Images:Directory"], cancellation));
        return command;
    }

    private static Task<int> MoveAsync(string data, string? to, string? images, CancellationToken cancellation) => DataDirectory.ExplainAsync(async () =>
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
        Moved moved = await new DatabaseMove(source, folders, target, shared, new MoveProgress(Console.Out, TimeProvider.System)).RunAsync(cancellation).ConfigureAwait(false);
        Console.WriteLine(
            $"{moved.Jobs} jobs and {moved.Images} images are in the database, {moved.Files} files ({moved.Bytes / 1e6:0.0} MB) in {shared ?? "it too"}; the data directory is unchanged");
    });
}
