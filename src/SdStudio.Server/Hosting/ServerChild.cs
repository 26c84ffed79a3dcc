using System.Diagnostics;
using System.IO.Pipes;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Hosting;

/// <summary>A server that the watcher started. Two pipes join them: the server says when it is ready, and stops when the watcher is gone.</summary>
internal sealed class ServerChild : IDisposable
{
    public const string Variable = "SDSTUDIO_WATCHER";

    private readonly AnonymousPipeServerStream _life = new(PipeDirection.Out, HandleInheritability.Inheritable);
    private readonly AnonymousPipeServerStream _ready = new(PipeDirection.In, HandleInheritability.Inheritable);
    private readonly Process _process;

    public ServerChild(string[] args, HeldSockets sockets, Restarts restarts)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("The system does not tell which program this is; set SdStudio__Watch=false.");
        // Under `dotnet SdStudio.Server.dll` the program is the runtime, and ours its first argument.
        bool isRuntime = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(program, isRuntime ? [Environment.GetCommandLineArgs()[0], .. args] : args) { UseShellExecute = false };
        start.Environment[Variable] = $"{_life.GetClientHandleAsString()},{_ready.GetClientHandleAsString()}";
        start.Environment[HeldSockets.Variable] = sockets.ToString();
        restarts.Write(start.Environment);
        _process = Process.Start(start)!;
        // The server's ends are its own now: what it closes is closed.
        _life.DisposeLocalCopyOfClientHandle();
        _ready.DisposeLocalCopyOfClientHandle();
    }

    public static bool IsThisProcess => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    /// <summary>Whether it came as far as answering requests; asked when it has ended.</summary>
    public bool WasReady { get; private set; }

    public int WaitForExit()
    {
        WasReady = _ready.ReadByte() >= 0;
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Stop() => _life.Dispose();

    public void Dispose()
    {
        _life.Dispose();
        _ready.Dispose();
        _process.Dispose();
    }
}
