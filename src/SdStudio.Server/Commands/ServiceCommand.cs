using System.CommandLine;
using System.Diagnostics;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio service install</c>: starts the server with the machine, as a unit of systemd that watches it and shuts it in, or as a service of Windows.</summary>
internal static class ServiceCommand
{
    private const string Unit = "/etc/systemd/system/sdstudio.service";
    private const string Name = "SdStudio";

    // What the unit's ProtectHome and PrivateTmp hide from the service.
    private static readonly string[] Hidden = ["home", "root", "run/user", "tmp", "var/tmp"];

    // Who may use graphics cards; a system without cards can be without the group, and systemd starts nothing for a group that is not there.
    private static readonly string[] CardGroups = ["video", "render"];

    public static Command Make()
    {
        var url = new Option<string>("--urls") { Description = "Where it listens", DefaultValueFactory = _ => "http://localhost:3000" };
        var print = new Option<bool>("--print") { Description = "Writes the unit, on Windows the commands, to the terminal and changes nothing" };
        var install = new Command("install", "Writes the unit, enables and starts it; as root. Data lie in /var/lib/sdstudio, settings in /etc/sdstudio.env. "
            + "On Windows: a service that runs as LocalService, with its data in ProgramData\\SdStudio") { url, print };
        install.SetAction(parsed => DataDirectory.Explain(() =>
        {
            string urls = parsed.GetValue(url)!;
            bool prints = parsed.GetValue(print);
            if (OperatingSystem.IsWindows())
                InstallOnWindows(urls, prints);
            else
                Install(urls, prints);
        }));
        return new Command("service", "The server as a service of the system (systemd, Windows)") { install };
    }

    private static void Install(string urls, bool prints)
    {
        string[] program = Program();
        string unit = UnitFor(program, urls);
        if (prints)
        {
            Console.Write(unit);
            return;
        }

        if (!OperatingSystem.IsLinux() || !Directory.Exists("/run/systemd/system"))
            throw new CommandException("This system is not run by systemd. `sdstudio service install --print` shows the unit");
        if (!Environment.IsPrivilegedProcess)
            throw new CommandException("Only root can install a service; try sudo");
        if (Array.Find(Hidden, folder => program.Any(file => file.StartsWith($"/{folder}/", StringComparison.Ordinal))) is { } hidden)
            throw new CommandException($"{program[^1]} is below /{hidden}, where a service may not look. Move its folder to /opt/sdstudio and install from there");
        File.WriteAllText(Unit, unit);
        Run("systemctl", "daemon-reload");
        Run("systemctl", "enable", "sdstudio.service");
        // Also a server that runs already is one of this unit then.
        Run("systemctl", "restart", "sdstudio.service");
        Console.WriteLine($"{Unit} is written and started; `journalctl -u sdstudio` shows the log");
    }

    private static void InstallOnWindows(string urls, bool prints)
    {
        string data = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), Name);
        string command = $"{string.Join(' ', Program().Select(file => $"\"{file}\""))} serve --urls={urls} \"--SdStudio:DataDirectory={data}\"";
        string[][] steps =
        [
            // Only the service and administrators see its images.
            ["icacls", data, "/inheritance:r", "/grant", "*S-1-5-19:(OI)(CI)F", "/grant", "*S-1-5-32-544:(OI)(CI)F"],
            ["sc", "create", Name, "binPath=", command, "start=", "auto", "obj=", "NT AUTHORITY\\LocalService", "DisplayName=", Name],
            ["sc", "failure", Name, "reset=", "86400", "actions=", "restart/1000/restart/5000/restart/30000"],
            ["sc", "start", Name],
        ];
        if (prints)
        {
            foreach (string[] step in steps)
                Console.WriteLine(string.Join(' ', step.Select(word => word.Contains(' ', StringComparison.Ordinal) ? $"\"{word.Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : word)));
            return;
        }

        if (!Environment.IsPrivilegedProcess)
            throw new CommandException("Only an administrator can install a service: start the terminal as one");
        Directory.CreateDirectory(data);
        foreach (string[] step in steps)
            Run(step[0], step[1..]);
        Console.WriteLine($"The service {Name} is written and started; `sc stop {Name}` and `sc delete {Name}` remove it. Its data lie in {data}");
    }

    // Where it was built it is run by the dotnet command.
    private static string[] Program() => Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
        ? [Environment.ProcessPath!, Path.GetFullPath(Environment.GetCommandLineArgs()[0])]
        : [Environment.ProcessPath!];

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new CommandException($"{program} {string.Join(' ', arguments)} failed with exit code {process.ExitCode}");
    }

    // systemd reads a percent sign as the beginning of a name of its own.
    private static string Literal(string text) => text.Replace("%", "%%", StringComparison.Ordinal);

    private static string Groups()
    {
        string[] known = File.Exists("/etc/group") ? [.. File.ReadLines("/etc/group").Select(line => line.Split(':')[0])] : [];
        return string.Join(' ', CardGroups.Intersect(known));
    }

    // systemd tells when the server is ready, starts it again when it ends or hangs, and lets it see no more of the machine than it needs:
    // its data, the network and the graphics cards.
    private static string UnitFor(string[] program, string urls) => $"""
        [Unit]
        Description=SdStudio, images from prompts
        After=network-online.target
        Wants=network-online.target

        [Service]
        Type=notify
        ExecStart={string.Join(' ', program.Select(file => $"\"{Literal(file)}\""))} serve "--urls={Literal(urls)}"
        Environment=SdStudio__DataDirectory=%S/sdstudio
        EnvironmentFile=-/etc/sdstudio.env
        Restart=on-failure
        RestartSec=1
        WatchdogSec=60
        TimeoutStopSec=60
        LimitNOFILE=65536

        DynamicUser=yes
        StateDirectory=sdstudio
        StateDirectoryMode=0700
        SupplementaryGroups={Groups()}
        UMask=0077
        NoNewPrivileges=yes
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        ProtectKernelTunables=yes
        ProtectKernelModules=yes
        ProtectKernelLogs=yes
        ProtectControlGroups=yes
        ProtectClock=yes
        ProtectHostname=yes
        RestrictSUIDSGID=yes
        RestrictRealtime=yes
        RestrictNamespaces=yes
        RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
        LockPersonality=yes
        CapabilityBoundingSet=
        SystemCallFilter=@system-service
        SystemCallArchitectures=native

        [Install]
        WantedBy=multi-user.target

        """;
}
