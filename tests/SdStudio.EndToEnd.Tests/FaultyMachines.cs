using System.Diagnostics;
using System.Globalization;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>
/// Three servers with one PostgreSQL, each with a wire of its own to it that can be cut: the database is in a network of its own, its files on a
/// disk of its own that can be filled.
/// </summary>
internal sealed class FaultyMachines : IDisposable
{
    public const int Count = 3;
    public const int LeaseSeconds = 6;
    private const string DiskSize = "320m";

    // Debris of a run that was killed has another number.
    private static readonly int Number = Environment.ProcessId % 200;
    private static readonly string Network = $"sdstudio-{Number}";

    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-faults-").FullName;
    private readonly ServerProcess?[] _machines = new ServerProcess?[Count];
    private readonly string[] _data = new string[Count];
    private PostgresServer? _postgres;
    private string _database = "";

    private string Disk => Path.Combine(_folder, "disk");

    private string ClockShift => Path.Combine(_folder, "clock_shift.so");

    private string Filler => Path.Combine(Disk, "filler");

    /// <summary>Those that run, whatever they do.</summary>
    public IReadOnlyList<ServerProcess> Machines => [.. _machines.OfType<ServerProcess>()];

    public ServerProcess this[int machine] => _machines[machine] ?? throw new InvalidOperationException($"Machine {machine} does not run.");

    /// <summary>Starts them.</summary>
    /// <returns>Null where that cannot be; <paramref name="reason"/> says why.</returns>
    public static FaultyMachines? TryMake(out string reason)
    {
        reason = "Networks and disks of a test's own are made by root on Linux.";
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return null;
        if (!File.Exists("/usr/sbin/ip") && DebianPackages.Install("iproute2") is { } none)
        {
            reason = none;
            return null;
        }

        var machines = new FaultyMachines();
        try
        {
            if (Try("ip", "netns", "add", Network) && machines.Prepare(out reason))
                return machines;
        }
        catch
        {
            machines.Dispose();
            throw;
        }

        machines.Dispose();
        return null;
    }

    private bool Prepare(out string reason)
    {
        Run("ip", "netns", "exec", Network, "ip", "link", "set", "lo", "up");
        for (int machine = 0; machine < Count; machine++)
        {
            Run("ip", "link", "add", Wire(machine), "type", "veth", "peer", "name", $"to{machine}", "netns", Network);
            Run("ip", "addr", "add", Address(machine, here: true) + "/30", "dev", Wire(machine));
            Run("ip", "link", "set", Wire(machine), "up");
            Run("ip", "netns", "exec", Network, "ip", "addr", "add", Address(machine, here: false) + "/30", "dev", $"to{machine}");
            Run("ip", "netns", "exec", Network, "ip", "link", "set", $"to{machine}", "up");
            _data[machine] = ServerProcess.NewFolder();
        }

        Run("cc", "-shared", "-fPIC", "-O1", "-o", ClockShift, Path.Combine(ServerProcess.Repository, "tests", "SdStudio.EndToEnd.Tests", "clock_shift.c"));
        // PostgreSQL is another user.
        Run("chmod", "755", _folder);
        Directory.CreateDirectory(Disk);
        Run("mount", "-t", "tmpfs", "-o", $"size={DiskSize}", "tmpfs", Disk);
        // The folder of the disk itself is root's; PostgreSQL wants one that is its own.
        string files = Directory.CreateDirectory(Path.Combine(Disk, "postgres")).FullName;
        _postgres = PostgresServer.Start(out reason, new PostgresPlace(
            files, ["ip", "netns", "exec", Network], "10.0.0.0/8", ["-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB", "-c", "shared_buffers=32MB"]));
        if (_postgres is null)
            return false;
        _database = _postgres.NewDatabase().Split(';').Single(part => part.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..];
        return true;
    }

    public async Task StartAsync(int machine, params (string Name, string Value)[] more) => _machines[machine] = await ServerProcess.StartAsync(_data[machine], [
        ("SdStudio__Database", $"Host={Address(machine, here: false)};Port={_postgres!.Port};Username=sdstudio;Database={_database};SSL Mode=Disable"),
        ("SdStudio__Queue__LeaseSeconds", LeaseSeconds.ToString(CultureInfo.InvariantCulture)), .. more]);

    /// <summary>Starts one whose clock is so many seconds off.</summary>
    public Task StartWithClockAsync(int machine, int seconds) =>
        StartAsync(machine, ("LD_PRELOAD", ClockShift), ("SDSTUDIO_CLOCK_SHIFT", seconds.ToString(CultureInfo.InvariantCulture)));

    public async Task EndAsync(int machine, string signal)
    {
        ServerProcess ending = this[machine];
        _machines[machine] = null;
        await ending.SignalAsync(signal);
        ending.Dispose();
    }

    public static void Cut(int machine) => Run("ip", "link", "set", Wire(machine), "down");

    public static void Mend(int machine) => Run("ip", "link", "set", Wire(machine), "up");

    public void KillDatabase() => _postgres!.Kill();

    public void StopDatabase() => _postgres!.Stop();

    public void BeginDatabase() => _postgres!.Begin();

    /// <summary>Leaves the database no byte.</summary>
    public void FillDisk() => Try("dd", "if=/dev/zero", $"of={Filler}", "bs=1M");

    /// <summary>Gives the space back, and starts the database again where it gave up.</summary>
    public void EmptyDisk()
    {
        File.Delete(Filler);
        if (_postgres!.HasEnded)
            _postgres.Begin();
    }

    public string Ask(string sql) => _postgres!.Ask(_database, sql);

    public void Dispose()
    {
        foreach (ServerProcess machine in Machines)
            machine.Dispose();
        _postgres?.Dispose();
        Try("umount", Disk);
        // Its wires go with it.
        Try("ip", "netns", "del", Network);
        Directory.Delete(_folder, recursive: true);
        foreach (string folder in _data.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
    }

    private static string Wire(int machine) => $"sds{Number}-{machine}";

    private static string Address(int machine, bool here) => $"10.{50 + Number}.{machine}.{(here ? 1 : 2)}";

    private static void Run(params string[] command)
    {
        if (!Try(command))
            throw new InvalidOperationException($"{string.Join(' ', command)} failed.");
    }

    private static bool Try(params string[] command)
    {
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
