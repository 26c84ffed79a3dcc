namespace SdCpp.Interop;

/// <summary>A finished image of a call.</summary>
/// <param name="Image">Width × height × 3.</param>
/// <param name="Seed">The seed it was generated with.</param>
public sealed record GeneratedImage(ImageBuffer Image, long Seed);

/// <summary>What a call generated. Dispose gives the pixels back.</summary>
public sealed class GenerationResult : IDisposable
{
    internal GenerationResult(IReadOnlyList<GeneratedImage> images) => Images = images;

    /// <summary>The images, in the order of their seeds.</summary>
    public IReadOnlyList<GeneratedImage> Images { get; }

    /// <summary>Gives the pixels of every image back.</summary>
    public void Dispose()
    {
        foreach (GeneratedImage image in Images)
            image.Image.Dispose();
    }
}
