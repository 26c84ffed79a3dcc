namespace SdCpp.Interop;

/// <summary>An image that is not finished.</summary>
/// <param name="Step">The sampler's steps it has had, from 1.</param>
/// <param name="ImageIndex">The image of the call, counted from 0.</param>
/// <param name="Image">
/// Width × height × 3, row-major RGB; in <see cref="PreviewMode.Projection"/> it is smaller than the result with some models. Belongs to
/// whoever receives it.
/// </param>
public readonly record struct SdPreview(int Step, int ImageIndex, ImageBuffer Image);
