using System.CommandLine;
using SdStudio.Server.Hosting;

namespace SdStudio.Server.Commands;

/// <summary>The data directory of commands that work on files and need no server.</summary>
internal static class DataDirectory
{
    public static Option<string?> Option { get; } = new("--data") { Description = "The data directory; SdStudio__DataDirectory, else data" };

    public static string Of(ParseResult parsed) => Path.GetFullPath(
        parsed.GetValue(Option) ?? (StudioHost.EarlySettings([])["SdStudio:DataDirectory"] is { Length: > 0 } named ? named : "data"));

    /// <exception cref="CommandException">The folder that a file is to be written into is not there.</exception>
    public static void NeedFolderOf(FileInfo file)
    {
        if (!file.Directory!.Exists)
            throw new CommandException($"There is no folder {file.DirectoryName}");
    }

    /// <summary>Works on files and tells what goes wrong in a sentence.</summary>
    /// <returns>The exit code.</returns>
    public static int Explain(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (Exception exception) when (IsForPeople(exception))
        {
            return Tell(exception);
        }
    }

    /// <inheritdoc cref="Explain"/>
    public static async Task<int> ExplainAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            return 0;
        }
        catch (Exception exception) when (IsForPeople(exception))
        {
            return Tell(exception);
        }
    }

    private static bool IsForPeople(Exception exception) =>
        exception is CommandException or CannotStartException or StorageUnavailableException or IOException or UnauthorizedAccessException or InvalidDataException;

    private static int Tell(Exception exception)
    {
        Console.Error.WriteLine($"sdstudio: {exception.Message}");
        return 1;
    }
}
