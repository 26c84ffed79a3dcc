namespace SdCpp.Interop.Tests;

/// <summary>Keeps every report, on the thread it came on.</summary>
internal sealed class Recorder(List<GenerationProgress> seen, Action<GenerationProgress>? then = null) : IProgress<GenerationProgress>
{
    public void Report(GenerationProgress value)
    {
        seen.Add(value);
        then?.Invoke(value);
    }
}
