namespace SdCpp.Interop;

/// <summary>How far two images of one size are from each other: the mean absolute difference of each channel, 0 (equal) to 255.</summary>
/// <param name="Red">Of the red values.</param>
/// <param name="Green">Of the green values.</param>
/// <param name="Blue">Of the blue values.</param>
public sealed record ChannelDifference(double Red, double Green, double Blue)
{
    /// <summary>The largest of the three.</summary>
    public double Largest => Math.Max(Red, Math.Max(Green, Blue));
}
