namespace SdCpp.Interop;

/// <summary>A finished picture of a call.</summary>
/// <param name="Pixels">Width × height × 3.</param>
/// <param name="Seed">The seed it was drawn with.</param>
public sealed record GeneratedImage(ImageBuffer Pixels, long Seed);

/// <summary>What a call drew. Dispose gives the pixels back.</summary>
public sealed class GenerationResult : IDisposable
{
    internal GenerationResult(IReadOnlyList<GeneratedImage> images) => Images = images;

    /// <summary>The pictures, in the order of their seeds.</summary>
    public IReadOnlyList<GeneratedImage> Images { get; }

    /// <summary>Gives the pixels of every picture back.</summary>
    public void Dispose()
    {
        foreach (GeneratedImage image in Images)
            image.Pixels.Dispose();
    }
}
