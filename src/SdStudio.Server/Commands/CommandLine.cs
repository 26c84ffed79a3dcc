using System.CommandLine;
using SdStudio.Server.Hosting;

namespace SdStudio.Server.Commands;

/// <summary>What <c>sdstudio</c> understands on its command line. Without a command it is the server.</summary>
internal static class CommandLine
{
    /// <returns>The exit code: 0, or 1 with a sentence about what went wrong.</returns>
    public static int Run(string[] args)
    {
        RootCertificates.Find();
        // A server's start waits for nothing that only commands need.
        if (args is [] || (args[0].StartsWith("--", StringComparison.Ordinal) && args[0] is not ("--help" or "--version")))
            return StudioHost.Run(args);
        if (args is ["--version"])
        {
            Console.WriteLine(StudioVersion.Text);
            return 0;
        }

        return Root().Parse(args).Invoke();
    }

    private static RootCommand Root()
    {
        var serve = new Command("serve", "Starts the server; the same as no command. Settings follow as --urls=http://localhost:3000 or --SdStudio:DataDirectory=data")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        serve.SetAction(parsed => StudioHost.Run([.. parsed.UnmatchedTokens]));
        return new RootCommand("Generates images on this machine: a server with a page and an API, and commands for it.")
        {
            serve, GenerateCommand.Make(), ModelCommands.Make(), JobCommands.Make(), ImportCommand.Make(), BackupCommands.MakeBackup(), BackupCommands.MakeRestore(), MoveDatabaseCommand.Make(),
            MoveImagesCommand.Make(), DoctorCommand.Make(), HealthCommand.Make(), ServiceCommand.Make(),
        };
    }
}
