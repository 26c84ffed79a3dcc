using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace SdStudio.Server.Hosting;

/// <summary>Tells systemd that the server is alive, where its unit has a watchdog: a server that hangs is ended and started again.</summary>
internal sealed class SystemdWatchdog : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) || microseconds == 0)
            return;
        var notifier = new SystemdNotifier();
        // Twice as often as it has to be, as systemd advises.
        using var timer = new PeriodicTimer(TimeSpan.FromMicroseconds(microseconds / 2.0));
        do
            notifier.Notify(new ServiceState("WATCHDOG=1"));
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
