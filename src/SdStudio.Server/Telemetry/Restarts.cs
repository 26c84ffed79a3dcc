using System.Globalization;

namespace SdStudio.Server.Telemetry;

/// <summary>How often the server has ended abnormally since its watcher was started, and why the last time.</summary>
/// <param name="Count">How often it was started again.</param>
/// <param name="At">When it ended; null for never.</param>
/// <param name="Reason">How it ended, and the engine's last words where there are any; null for never.</param>
internal sealed record Restarts(int Count, DateTimeOffset? At, string? Reason)
{
    private const string CountVariable = "SDSTUDIO_RESTARTS";
    private const string AtVariable = "SDSTUDIO_ENDED_AT";
    private const string ReasonVariable = "SDSTUDIO_ENDED_BY";

    /// <summary>What the watcher wrote for this process.</summary>
    public static Restarts Read() => int.TryParse(Environment.GetEnvironmentVariable(CountVariable), CultureInfo.InvariantCulture, out int count) && count > 0
        ? new Restarts(count, Milliseconds(Environment.GetEnvironmentVariable(AtVariable)), Environment.GetEnvironmentVariable(ReasonVariable))
        : new Restarts(0, null, null);

    /// <summary>Writes it for the next process.</summary>
    public void Write(IDictionary<string, string?> environment)
    {
        environment[CountVariable] = Count.ToString(CultureInfo.InvariantCulture);
        environment[AtVariable] = At?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        environment[ReasonVariable] = Reason;
    }

    private static DateTimeOffset? Milliseconds(string? text) =>
        long.TryParse(text, CultureInfo.InvariantCulture, out long milliseconds) ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
}
