using System.CommandLine;
using System.Diagnostics;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio service install</c>: a systemd unit that starts the server with the machine, watches it and shuts it in.</summary>
internal static class ServiceCommand
{
    private const string Unit = "/etc/systemd/system/sdstudio.service";

    public static Command Make()
    {
        var url = new Option<string>("--urls") { Description = "Where it listens", DefaultValueFactory = _ => "http://localhost:3000" };
        var print = new Option<bool>("--print") { Description = "Writes the unit to the terminal and changes nothing" };
        var install = new Command("install", "Writes the unit, enables and starts it; as root. Data lie in /var/lib/sdstudio, settings in /etc/sdstudio.env") { url, print };
        install.SetAction(parsed => DataDirectory.Explain(() => Install(UnitFor(parsed.GetValue(url)!), parsed.GetValue(print))));
        return new Command("service", "The server as a service of the system (Linux with systemd)") { install };
    }

    private static void Install(string unit, bool prints)
    {
        if (prints)
        {
            Console.Write(unit);
            return;
        }

        if (!OperatingSystem.IsLinux() || !Directory.Exists("/run/systemd/system"))
            throw new CommandException("This system is not run by systemd. `sdstudio service install --print` shows the unit");
        if (!Environment.IsPrivilegedProcess)
            throw new CommandException("Only root can install a service; try sudo");
        File.WriteAllText(Unit, unit);
        Run("daemon-reload");
        Run("enable", "--now", "sdstudio.service");
        Console.WriteLine($"{Unit} is written and started; `journalctl -u sdstudio` shows the log");
    }

    private static void Run(params string[] arguments)
    {
        using Process process = Process.Start("systemctl", arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new CommandException($"systemctl {string.Join(' ', arguments)} failed with exit code {process.ExitCode}");
    }

    // systemd tells when the server is ready, starts it again when it ends or hangs, and lets it see no more of the machine than it needs:
    // its data, the network and the graphics cards.
    private static string UnitFor(string urls) => $"""
        [Unit]
        Description=SdStudio, images from prompts
        After=network-online.target
        Wants=network-online.target

        [Service]
        Type=notify
        ExecStart="{Environment.ProcessPath}" serve --urls={urls}
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
        SupplementaryGroups=video render
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
