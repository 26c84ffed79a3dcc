using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Hosting.WindowsServices;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Hosting;

/// <summary>
/// Runs the server as a process of its own and starts it again when it ends abnormally: the engine lives in that process, and can end it.
/// A server that ends by itself, or that cannot be started at all, ends the watcher, too.
/// </summary>
internal sealed class Watcher : IDisposable
{
    private const int CannotStart = 1;
    private const int MaxFailedStarts = 5;
    private const int ManyEndsAMinute = 30;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseAfterMany = TimeSpan.FromSeconds(5);

    private readonly string[] _args;
    private readonly string _crashFile;
    private readonly HeldSockets _sockets;
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Queue<long> _ends = new();
    private readonly Lock _turn = new();
    private ServerChild? _server;

    /// <param name="args">The server's command line.</param>
    /// <param name="addresses">Where it listens.</param>
    /// <param name="dataDirectory">Where its engine leaves its last words.</param>
    public Watcher(string[] args, IEnumerable<string> addresses, string dataDirectory)
    {
        _args = args;
        _crashFile = Path.Combine(dataDirectory, "crash.log");
        _sockets = new HeldSockets(addresses);
    }

    /// <summary>Whether this process is to watch over a server: not where somebody does it already, and not where it is the server.</summary>
    /// <param name="setting">The setting <c>SdStudio:Watch</c>; null where there is none.</param>
    public static bool IsWanted(string? setting) =>
        !ServerChild.IsThisProcess && (bool.TryParse(setting, out bool wanted) ? wanted : !IsWatchedByOthers());

    public void Dispose()
    {
        _sockets.Dispose();
        _stopping.Dispose();
    }

    /// <returns>The exit code of the last server.</returns>
    public int Run()
    {
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration? hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        var restarts = new Restarts(0, null, null);
        int failedStarts = 0;
        while (true)
        {
            long known = new FileInfo(_crashFile) is { Exists: true } file ? file.Length : 0;
            using ServerChild server = Start(restarts);
            int exitCode = server.WaitForExit();
            bool isOver = exitCode == 0 || _stopping.IsSet || (exitCode == CannotStart && restarts.Count == 0);
            failedStarts = server.WasReady ? 0 : failedStarts + 1;
            if (isOver)
                return exitCode;
            string reason = Reason(exitCode, known);
            if (failedStarts == MaxFailedStarts)
            {
                Say($"The server ended {MaxFailedStarts} times before it was ready, the last time by {reason}. It is not started again.");
                return exitCode;
            }

            restarts = new Restarts(restarts.Count + 1, DateTimeOffset.UtcNow, reason);
            TimeSpan pause = Pause(failedStarts);
            Say($"The server ended by {reason}. It starts again{(pause > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $" in {pause.TotalSeconds:0.#} s") : "")}.");
            if (_stopping.Wait(pause))
                return exitCode;
        }
    }

    private ServerChild Start(Restarts restarts)
    {
        lock (_turn)
        {
            _server = new ServerChild(_args, _sockets, restarts);
            if (_stopping.IsSet)
                _server.Stop();
            return _server;
        }
    }

    // Ctrl+C reaches the server itself as well, which does not mind to be told twice.
    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        lock (_turn)
        {
            _stopping.Set();
            _server?.Stop();
        }
    }

    private TimeSpan Pause(int failedStarts)
    {
        long now = Stopwatch.GetTimestamp();
        _ends.Enqueue(now);
        while (Stopwatch.GetElapsedTime(_ends.Peek(), now) > TimeSpan.FromMinutes(1))
            _ends.Dequeue();
        TimeSpan pause = failedStarts == 0 ? TimeSpan.Zero : FirstPause * Math.Pow(2, failedStarts - 1);
        return _ends.Count > ManyEndsAMinute && pause < PauseAfterMany ? PauseAfterMany : pause < LongestPause ? pause : LongestPause;
    }

    private string Reason(int exitCode, long known)
    {
        string how = exitCode switch
        {
            134 => "an abort (SIGABRT)",
            137 => "SIGKILL: killed from outside, or because the machine's memory ran out",
            139 => "a memory fault (SIGSEGV)",
            143 => "SIGTERM",
            _ => string.Create(CultureInfo.InvariantCulture, $"exit code {exitCode}"),
        };
        return LastWords(known) is { } words ? $"{how}: {words}" : how;
    }

    // What the engine wrote since this server was started, without the time that the line begins with.
    private string? LastWords(long known)
    {
        try
        {
            if (!File.Exists(_crashFile))
                return null;
            using FileStream file = File.Open(_crashFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.Seek(Math.Min(known, file.Length), SeekOrigin.Begin);
            string? line = new StreamReader(file).ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
            return line?[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsWatchedByOthers() =>
        Debugger.IsAttached || Environment.ProcessId == 1 || IsInContainer()
        || SystemdHelpers.IsSystemdService() || WindowsServiceHelpers.IsWindowsService();

    private static bool IsInContainer() =>
        Environment.GetEnvironmentVariable("DOTNET_RUNNING_IN_CONTAINER") is "true" or "1" || File.Exists("/.dockerenv") || File.Exists("/run/.containerenv");

    private static void Say(string text) => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss} warn: {text}"));
}
