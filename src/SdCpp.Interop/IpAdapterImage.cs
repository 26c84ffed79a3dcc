namespace SdCpp.Interop;

/// <summary>An image whose content or style is taken up (<see cref="DiffusionModelOptions.IpAdapterPath"/>).</summary>
/// <param name="Image">Any size, 3 channels. Only read.</param>
/// <param name="Strength">How strongly, 0 to 10.</param>
public sealed record IpAdapterImage(ImageBuffer Image, float Strength = 1);
