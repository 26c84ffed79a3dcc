using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Commands;

/// <summary>Says every few seconds how far a move is: a large history takes hours.</summary>
internal sealed class MoveProgress(TextWriter output, TimeProvider time) : IProgress<MovedSoFar>
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private long _saidAt = time.GetTimestamp();

    public void Report(MovedSoFar value)
    {
        if (time.GetElapsedTime(_saidAt) < Every)
            return;
        _saidAt = time.GetTimestamp();
        output.WriteLine(value.Total is { } total ? $"{value.What}: {value.Done} of {total}" : $"{value.What}: {value.Done}");
    }
}
