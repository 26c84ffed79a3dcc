namespace SdCpp.Interop;

/// <summary>How edges are looked for (Canny) and shown. All numbers are 0 to 1.</summary>
public sealed record EdgeDetection
{
    /// <summary>From this part of the steepest change on, a pixel is an edge.</summary>
    public float HighThreshold { get; init; } = 0.08f;

    /// <summary>From this part on it is one beside another edge; not above <see cref="HighThreshold"/>.</summary>
    public float LowThreshold { get; init; } = 0.08f;

    /// <summary>How bright an edge is that is one by its neighbours only.</summary>
    public float Weak { get; init; } = 0.8f;

    /// <summary>How bright an edge is.</summary>
    public float Strong { get; init; } = 1;

    /// <summary>Black edges on white.</summary>
    public bool Inverse { get; init; }
}
