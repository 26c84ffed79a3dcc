namespace SdStudio.Server.Telemetry;

/// <summary>A line of the log.</summary>
internal sealed record LogLine(long TimeMs, LogLevel Level, string Module, string? JobId, string Message);

/// <summary>Keeps the log. A line that cannot be written is dropped: the log must not stop what it tells about.</summary>
internal interface ILogStore
{
    void Add(LogLine line);

    /// <summary>The newest lines, oldest of them first.</summary>
    IReadOnlyList<LogLine> Read(int limit, LogLevel atLeast, string? module, string? jobId);
}
