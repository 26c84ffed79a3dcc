namespace SdCpp.Interop;

/// <summary>What the engine is doing.</summary>
public enum GenerationPhase
{
    /// <summary>Reading weights; steps are tensors.</summary>
    Load = 0,

    /// <summary>Prompt to embeddings, input image to latents; no steps.</summary>
    Encode = 1,

    /// <summary>Sampling; steps are the sampler's.</summary>
    Sample = 2,

    /// <summary>Latents to pixels; steps are tiles when tiling is on.</summary>
    Decode = 3,

    /// <summary>Upscaling; steps are tiles.</summary>
    Upscale = 4,
}

/// <summary>Where a call is. Without <see cref="HiresFix"/>, phases come in the order of <see cref="GenerationPhase"/>. In its second
/// pass each image is upscaled and sampled, then all are decoded. Phases never go back within an image of a pass.</summary>
/// <param name="Phase">What the engine is doing.</param>
/// <param name="Step">Finished steps of the phase, 0 to <paramref name="Steps"/>; never goes back within a phase of one image of a pass.</param>
/// <param name="Steps">Steps of the phase; 0 when it has none.</param>
/// <param name="ImageIndex">The image at hand, counted from 0.</param>
/// <param name="ImageCount">Images of the call.</param>
/// <param name="SecondsPerStep">Seconds that the last step took; 0 when unknown.</param>
/// <param name="Pass">1; 2 in the second pass of <see cref="HiresFix"/>.</param>
public readonly record struct GenerationProgress(
    GenerationPhase Phase, int Step, int Steps, int ImageIndex, int ImageCount, float SecondsPerStep, int Pass = 1)
{
    // Of the time of a call, about what sampling takes; the rest is before and after it.
    private const double SamplingEnds = 0.95;

    /// <summary>How much of the call, or of its pass, is done, 0 to 1: for a progress bar. Never goes back within a pass.</summary>
    public double Fraction => Phase switch
    {
        GenerationPhase.Sample => SamplingEnds * Part,
        GenerationPhase.Decode => SamplingEnds + (1 - SamplingEnds) * Part,
        GenerationPhase.Load => Part,
        GenerationPhase.Upscale when Pass == 1 => Part,
        _ => 0,
    };

    private double Part => Math.Clamp((ImageIndex + (Steps > 0 ? (double)Step / Steps : 0)) / Math.Max(1, ImageCount), 0, 1);
}
