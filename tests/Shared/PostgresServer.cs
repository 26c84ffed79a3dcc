using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SdStudio.Tests;

/// <summary>Debian's PostgreSQL, installed where that is possible, with a cluster of the tests' own.</summary>
internal sealed class PostgresServer : IDisposable
{
    private static readonly string[] AsPostgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];

    private readonly string _programs;
    private readonly string _folder;
    private readonly PostgresPlace? _place;
    private Process? _process;

    private PostgresServer(string programs, PostgresPlace? place)
    {
        _programs = programs;
        _place = place;
        _folder = place?.Folder ?? Directory.CreateTempSubdirectory("sdstudio-postgres-").FullName;
    }

    public int Port { get; } = FreePort.Find();

    /// <summary>Starts a cluster that is empty.</summary>
    /// <param name="reason">Why there is none.</param>
    /// <param name="place">Where it runs; null for a folder of its own and this machine's network.</param>
    /// <returns>Null where there is no PostgreSQL and none can be installed; <paramref name="reason"/> says why.</returns>
    public static PostgresServer? Start(out string reason, PostgresPlace? place = null)
    {
        reason = "";
        if ((Find() ?? (Install(out reason) ? Find() : null)) is not { } programs)
            return null;
        var server = new PostgresServer(programs, place);
        if (Environment.IsPrivilegedProcess)
            Run("chown", "postgres", server._folder);
        server.RunAs("initdb", "-D", server.Data, "-U", "sdstudio", "-A", "trust", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync");
        if (place is not null)
            File.AppendAllText(Path.Combine(server.Data, "pg_hba.conf"), $"host all all {place.Clients} trust\n");
        server.Begin();
        return server;
    }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Starts the server on its cluster, and waits until it says that it takes connections.</summary>
    public void Begin()
    {
        // A kill of the server alone loses nothing that the system has; that no machine loses its power in a test saves most of the time.
        ProcessStartInfo start = Command("postgres", ["-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-k", _folder, "-c", $"listen_addresses={(_place is null ? "127.0.0.1" : "*")}", "-c", "fsync=off", "-c", "max_connections=200", .. _place?.Settings ?? []]);
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        var ready = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new StringBuilder();
        _process.ErrorDataReceived += (_, line) =>
        {
            if (!ready.Task.IsCompleted)
                said.AppendLine(line.Data);
            // A line without content is the end of what it says.
            if (line.Data is null || line.Data.Contains("ready to accept connections", StringComparison.Ordinal))
                ready.TrySetResult(line.Data is not null);
        };
        _process.Start();
        _process.BeginErrorReadLine();
        if (!ready.Task.GetAwaiter().GetResult())
            throw new InvalidOperationException($"PostgreSQL ended: {said}");
    }

    /// <summary>Ends every process of the server at once.</summary>
    public void Kill()
    {
        _process!.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>Ends the server as an administrator does: it says goodbye to its clients.</summary>
    public void Stop()
    {
        Run("kill", "-INT", _process!.Id.ToString(CultureInfo.InvariantCulture));
        _process.WaitForExit();
    }

    /// <summary>Whether its first process is gone.</summary>
    public bool HasEnded => _process!.HasExited;

    /// <summary>Asks a database for one value.</summary>
    public string Ask(string database, string sql)
    {
        ProcessStartInfo start = Command("psql", ["-h", _folder, "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "sdstudio", "-Atc", sql, database]);
        using Process process = Process.Start(start)!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? answer.Trim() : throw new InvalidOperationException($"{sql} failed.");
    }

    /// <summary>Makes an empty database.</summary>
    /// <param name="options">Of <c>createdb</c>.</param>
    /// <returns>Its connection string.</returns>
    public string NewDatabase(params string[] options)
    {
        string name = $"studio_{Guid.NewGuid():N}";
        RunAs("createdb", ["-h", _folder, "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "sdstudio", .. options, name]);
        return $"Host=127.0.0.1;Port={Port};Username=sdstudio;Database={name}";
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
            Kill();
        _process?.Dispose();
        Run("rm", "-rf", _folder);
    }

    private void RunAs(string program, params string[] arguments)
    {
        if (!TryRun(program, arguments))
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed.");
    }

    private bool TryRun(string program, params string[] arguments)
    {
        using Process process = Process.Start(Command(program, arguments))!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    // PostgreSQL refuses to be root.
    private ProcessStartInfo Command(string program, IEnumerable<string> arguments)
    {
        string[] command = [.. program == "postgres" ? _place?.Within ?? [] : [], .. Environment.IsPrivilegedProcess ? AsPostgres : [], Path.Combine(_programs, program), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]);
        start.WorkingDirectory = _folder;
        start.RedirectStandardOutput = true;
        return start;
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
    }

    private static string? Find() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin")).LastOrDefault(programs => File.Exists(Path.Combine(programs, "postgres")))
        : null;

    private static bool Install(out string reason)
    {
        reason = DebianPackages.Install("postgresql") ?? "";
        return reason.Length == 0;
    }
}

/// <summary>Where a PostgreSQL of the tests runs.</summary>
/// <param name="Folder">Its files: an empty folder.</param>
/// <param name="Within">What its program is started with, as in another network.</param>
/// <param name="Clients">The network whose clients it trusts.</param>
/// <param name="Settings">More of its arguments.</param>
internal sealed record PostgresPlace(string Folder, string[] Within, string Clients, string[] Settings);
