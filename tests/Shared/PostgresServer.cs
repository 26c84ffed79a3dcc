using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace SdStudio.Tests;

/// <summary>Debian's PostgreSQL, installed where that is possible, with a cluster of the tests' own.</summary>
internal sealed class PostgresServer : IDisposable
{
    private readonly string _programs;
    private readonly string _folder;
    private Process? _process;

    private PostgresServer(string programs)
    {
        _programs = programs;
        _folder = Directory.CreateTempSubdirectory("sdstudio-postgres-").FullName;
    }

    public int Port { get; } = FreePort.Find();

    /// <summary>Starts a cluster that is empty.</summary>
    /// <returns>Null where there is no PostgreSQL and none can be installed; <paramref name="reason"/> says why.</returns>
    public static PostgresServer? Start(out string reason)
    {
        reason = "";
        if ((Find() ?? (Install(out reason) ? Find() : null)) is not { } programs)
            return null;
        var server = new PostgresServer(programs);
        if (Environment.IsPrivilegedProcess)
            Run("chown", "postgres", server._folder);
        server.RunAs("initdb", "-D", server.Data, "-U", "sdstudio", "-A", "trust", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync");
        server.Begin();
        return server;
    }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Starts the server on its cluster, and waits until it says that it takes connections.</summary>
    public void Begin()
    {
        // A kill of the server alone loses nothing that the system has; that no machine loses its power in a test saves most of the time.
        ProcessStartInfo start = Command("postgres", ["-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-k", _folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"]);
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

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public string NewDatabase()
    {
        string name = $"studio_{Guid.NewGuid():N}";
        RunAs("createdb", "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "sdstudio", name);
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
        string path = Path.Combine(_programs, program);
        ProcessStartInfo start = Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
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
