namespace SdCpp.Interop;

/// <summary>
/// Leaves out computations whose results would hardly differ from those of the step before: faster, and not quite the same image.
/// What is null is the engine's own choice. A mode that the family does not have is told in the log, and the image is generated without.
/// </summary>
/// <param name="Mode">
/// <c>easycache</c> (transformers), <c>ucache</c> (SD 1.x, 2.x, SDXL), <c>dbcache</c>, <c>taylorseer</c>, <c>cache-dit</c> (both of them),
/// <c>spectrum</c>, or <c>disabled</c>.
/// </param>
public sealed record StepCache(string Mode)
{
    /// <summary>easycache, ucache: how much change is left out, 0 to 100; higher is faster and further off.</summary>
    public float? ReuseThreshold { get; init; }

    /// <summary>easycache, ucache: where it begins, as a part of all steps, 0 to 1.</summary>
    public float? Start { get; init; }

    /// <summary>easycache, ucache: where it ends, as a part of all steps, 0 to 1; after <see cref="Start"/>.</summary>
    public float? End { get; init; }

    /// <summary>ucache: how fast collected errors are forgotten, 0 to 1.</summary>
    public float? ErrorDecayRate { get; init; }

    /// <summary>ucache: whether the threshold is relative to the size of what is compared.</summary>
    public bool? UseRelativeThreshold { get; init; }

    /// <summary>ucache: whether a computed step forgets the collected errors.</summary>
    public bool? ResetErrorOnCompute { get; init; }

    /// <summary>dbcache, cache-dit: blocks at the front that are always computed, 0 to 1000.</summary>
    public int? FrontBlocks { get; init; }

    /// <summary>dbcache, cache-dit: blocks at the back that are always computed, 0 to 1000.</summary>
    public int? BackBlocks { get; init; }

    /// <summary>dbcache, cache-dit: how much the front may change before the rest is computed, 0 to 100.</summary>
    public float? ResidualThreshold { get; init; }

    /// <summary>dbcache, cache-dit: steps at the beginning that are always computed, 0 to 1000.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary>dbcache, cache-dit: most steps that are left out, 0 to 1000; −1 for any number.</summary>
    public int? MaxCachedSteps { get; init; }

    /// <summary>dbcache, cache-dit: most steps that are left out one after the other, 0 to 1000; −1 for any number.</summary>
    public int? MaxContinuousCachedSteps { get; init; }

    /// <summary>taylorseer, cache-dit: derivatives to continue a step with, 0 to 16.</summary>
    public int? Derivatives { get; init; }

    /// <summary>taylorseer, cache-dit: computes one step in this many, 1 to 1000.</summary>
    public int? SkipInterval { get; init; }

    /// <summary>dbcache, cache-dit: which steps are computed, a 1 or 0 for each with commas between them, e.g. <c>1,0,1,0</c>.</summary>
    public string? StepMask { get; init; }

    /// <summary>dbcache, cache-dit: whether steps with a 0 in <see cref="StepMask"/> are computed when the change is too large.</summary>
    public bool? DynamicPolicy { get; init; }

    /// <summary>spectrum: weight of the forecast, 0 to 1.</summary>
    public float? SpectrumWeight { get; init; }

    /// <summary>spectrum: degree of the polynomial, 0 to 64.</summary>
    public int? SpectrumDegree { get; init; }

    /// <summary>spectrum: how strongly the fit is smoothed, 0 to 1000.</summary>
    public float? SpectrumLambda { get; init; }

    /// <summary>spectrum: computes one step in this many, 1 to 1000.</summary>
    public int? SpectrumWindow { get; init; }

    /// <summary>spectrum: how much the window grows each time, 0 to 100.</summary>
    public float? SpectrumWindowGrowth { get; init; }

    /// <summary>spectrum: steps at the beginning that are always computed, 0 to 1000.</summary>
    public int? SpectrumWarmupSteps { get; init; }

    /// <summary>spectrum: where it ends, as a part of all steps, 0 to 1.</summary>
    public float? SpectrumEnd { get; init; }
}
