using System.CommandLine;
using System.Formats.Tar;
using System.IO.Compression;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio backup FILE</c> and <c>sdstudio restore FILE</c>: jobs, images and the catalogue; not the models, which can be had again.</summary>
internal static class BackupCommands
{
    private const string Database = "sdstudio.db";

    private static readonly string[] Folders = ["images", "inputs", "kept", "wildcards"];

    public static Command MakeBackup()
    {
        var file = new Argument<FileInfo>("file") { Description = "The archive, such as studio.tar.gz" };
        var command = new Command("backup", "Writes history, images and catalogue into one archive, also while the server runs; models are left out") { file };
        command.Options.Add(DataDirectory.Option);
        command.SetAction(parsed => DataDirectory.Explain(() => Backup(DataDirectory.Of(parsed), parsed.GetValue(file)!)));
        return command;
    }

    public static Command MakeRestore()
    {
        var file = new Argument<FileInfo>("file") { Description = "An archive of `sdstudio backup`" };
        var command = new Command("restore", "Unpacks such an archive into a data directory that has no history yet") { file };
        command.Options.Add(DataDirectory.Option);
        command.SetAction(parsed => DataDirectory.Explain(() => Restore(DataDirectory.Of(parsed), parsed.GetValue(file)!)));
        return command;
    }

    private static void Backup(string data, FileInfo file)
    {
        if (!File.Exists(Path.Combine(data, Database)))
            throw new CommandException($"There is no history in {data}; name the data directory with --data");
        DataDirectory.NeedFolderOf(file);
        string unfinished = file.FullName + ".part";
        string copy = Path.Combine(data, "backups", $"backup-{Environment.ProcessId}.db");
        try
        {
            // First the rows, then the files: every image that a row names is there.
            DatabaseBackups.CopyTo(Path.Combine(data, Database), copy);
            using (var tar = new TarWriter(new GZipStream(File.Create(unfinished), CompressionLevel.Fastest)))
            {
                tar.WriteEntry(copy, Database);
                foreach (string path in Files(data))
                    Write(tar, data, path);
            }

            File.Move(unfinished, file.FullName, overwrite: true);
        }
        finally
        {
            File.Delete(copy);
            File.Delete(unfinished);
        }

        Console.WriteLine($"{file.FullName}: {new FileInfo(file.FullName).Length / 1e6:0.0} MB");
    }

    private static IEnumerable<string> Files(string data) =>
        Directory.EnumerateFiles(data, "*.yml").Concat(Directory.EnumerateFiles(data, "*.yaml"))
            .Concat(Folders.Select(folder => Path.Combine(data, folder)).Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)))
            .Where(path => !path.EndsWith(".tmp", StringComparison.Ordinal));

    private static void Write(TarWriter tar, string data, string path)
    {
        try
        {
            tar.WriteEntry(path, Path.GetRelativePath(data, path).Replace('\\', '/'));
        }
        catch (FileNotFoundException)
        {
            // Somebody deleted the image meanwhile.
        }
    }

    private static void Restore(string data, FileInfo file)
    {
        if (File.Exists(Path.Combine(data, Database)))
            throw new CommandException($"{data} already has a history; name an empty data directory with --data, or move {Path.Combine(data, Database)} away");
        if (!file.Exists)
            throw new CommandException($"There is no file {file.FullName}");
        Directory.CreateDirectory(data);
        using var packed = new GZipStream(file.OpenRead(), CompressionMode.Decompress);
        try
        {
            // Refuses what would land outside the folder, and overwrites nothing.
            TarFile.ExtractToDirectory(packed, data, overwriteFiles: false);
        }
        catch (InvalidDataException exception)
        {
            throw new CommandException($"{file.FullName} is not an archive of `sdstudio backup`, or is damaged ({exception.Message.TrimEnd('.')})");
        }

        if (!File.Exists(Path.Combine(data, Database)))
            throw new CommandException($"{file.Name} is not an archive of `sdstudio backup`: it has no {Database}");
        Console.WriteLine($"{data} is restored; start the server with --SdStudio:DataDirectory={data}");
    }
}
