namespace SdCpp.Interop;

/// <summary>
/// What the 16 channels of the demo latent mean: the language between denoiser and decoder. One latent pixel stands for 8 × 8 pixels.
/// Channels 7…15 stay zero.
/// </summary>
internal static class DemoLatent
{
    internal const int Channels = 16;

    /// <summary>A signed distance to the outline, negative inside, in radii of the shape.</summary>
    internal const int Distance = 0;

    /// <summary>Three values: the colour inside, mapped from 0…1 to −1…1.</summary>
    internal const int Foreground = 1;

    /// <summary>Three values: the colour outside, mapped from 0…1 to −1…1.</summary>
    internal const int Background = 4;
}
