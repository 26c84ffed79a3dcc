using SdCpp.Interop;

namespace SdStudio.Server.Jobs;

/// <summary>How far a running job is, from what the engine reports.</summary>
internal sealed class JobProgress : IProgress<GenerationProgress>
{
    private double _fraction;

    /// <summary>0 to 1; never goes back.</summary>
    public double Fraction => Volatile.Read(ref _fraction);

    public void Report(GenerationProgress value)
    {
        (double begin, double end) = ShareOf(value.Phase);
        double image = value.Steps > 0 ? (double)value.Step / value.Steps : 0;
        double done = Math.Min(1, (value.ImageIndex + image) / Math.Max(1, value.ImageCount));
        // One thread reports; readers only need to see the newest value.
        Volatile.Write(ref _fraction, Math.Max(_fraction, begin + ((end - begin) * done)));
    }

    // What the phases usually cost: sampling takes most of a job. The rest to 1 is writing the files.
    private static (double Begin, double End) ShareOf(GenerationPhase phase) => phase switch
    {
        GenerationPhase.Load => (0, 0.1),
        GenerationPhase.Encode => (0.1, 0.15),
        GenerationPhase.Sample => (0.15, 0.75),
        _ => (0.75, 0.98),
    };
}
