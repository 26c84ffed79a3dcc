namespace SdCpp.Interop;

/// <summary>
/// The channels of the denoiser's residual stream: 256 values per token, shared by image tokens (2 × 2 latent pixels) and text tokens. A
/// group is given by its first channel.
/// </summary>
internal static class DenoiserChannel
{
    /// <summary>The noisy latent: 4 pixels of 16 channels, the channel running fastest. Image tokens only.</summary>
    internal const int Latent = 0;

    // 32 channels hold +Level and 32 hold -Level, in every token. They dominate the mean square, so that RMSNorm and LayerNorm divide
    // by the known number DemoDenoiser.Norm instead of by something that depends on the data, and their mean is zero.
    internal static readonly int[] Plus = [.. Enumerable.Range(64, 16), .. Enumerable.Range(176, 16)];
    internal static readonly int[] Minus = [.. Enumerable.Range(80, 16), .. Enumerable.Range(192, 16)];

    /// <summary>The constant used wherever a number must be written down as a weight.</summary>
    internal const int One = 64;

    /// <summary>Another constant, which the final layer scales by g₂ of the colours.</summary>
    internal const int ScaledOne = 79;

    // What a token is.
    internal const int IsImage = 96;
    internal const int IsEnd = 97;
    internal const int IsAssistant = 98;
    internal const int IsShape = 99;
    internal const int IsBackground = 100;
    internal const int IsStart = 101;
    internal const int IsPlace = 102;

    // What a text token says. The same attended colour serves as foreground (read at a shape word) and as background (at a background
    // word); they differ in what an absent colour word means.
    internal const int SaidForeground = 104;
    internal const int SaidShape = 107;
    internal const int SaidBackground = 115;
    internal const int SaidSize = 118;
    internal const int SaidPlaceX = 119;
    internal const int SaidPlaceY = 120;

    // What an image token learns. Coordinates are in units of 8 tokens = 128 pixels.
    internal const int Row = 122;
    internal const int Column = 123;
    internal const int CentreRow = 124;
    internal const int CentreColumn = 125;
    internal const int Foreground = 126;
    internal const int Shape = 129;
    internal const int Size = 137;
    internal const int Background = 138;

    /// <summary>One over the shape's radius.</summary>
    internal const int InverseRadius = 141;

    /// <summary>The token's place relative to the shape, in radii, to the right.</summary>
    internal const int U = 142;

    /// <summary>The token's place relative to the shape, in radii, downwards.</summary>
    internal const int V = 143;

    // Where the place words move the shape, in radii of a shape of normal size.
    internal const int PlaceX = 148;
    internal const int PlaceY = 149;

    /// <summary>The signed distance at the token's 4 latent pixels.</summary>
    internal const int Distance = 144;

    // Always zero in the stream. After the final LayerNorm they hold minus the mean, which must be taken off each group that is scaled
    // alike.
    internal const int ZeroOfLatent = 150;
    internal const int ZeroOfLatentColour = 151;
    internal const int ZeroOfDistance = 152;
    internal const int ZeroOfColour = 153;

    /// <summary>16 channels that every layer writes a constant to and then drops: they fix the root mean square of the layer's
    /// output.</summary>
    internal const int Stabiliser = 160;

    /// <summary>How many stabiliser channels there are.</summary>
    internal const int StabiliserCount = 16;
}
