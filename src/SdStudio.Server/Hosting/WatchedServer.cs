using System.IO.Pipes;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Hosting;

/// <summary>The server's side of its watcher: says when it is ready, stops when the watcher does, and logs why it had to be started again.</summary>
internal sealed partial class WatchedServer(IHostApplicationLifetime lifetime, Restarts restarts, ILogger<WatchedServer> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (restarts.Reason is { } reason)
            LogRestart(restarts.Count, reason);
        if (Environment.GetEnvironmentVariable(ServerChild.Variable)?.Split(',') is [string life, string ready])
        {
            lifetime.ApplicationStarted.Register(() =>
            {
                using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, ready);
                pipe.WriteByte(1);
            });
            new Thread(() => Watch(life)) { IsBackground = true, Name = "watcher" }.Start();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Nothing is ever sent: the pipe ends when the watcher closes it or dies.
    private void Watch(string handle)
    {
        using var pipe = new AnonymousPipeClientStream(PipeDirection.In, handle);
        pipe.ReadByte();
        lifetime.StopApplication();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The server was started again after it had ended by {Reason} (restart {Count})")]
    private partial void LogRestart(int count, string reason);
}
