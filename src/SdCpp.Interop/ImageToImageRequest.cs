namespace SdCpp.Interop;

/// <summary>An image from words and an image.</summary>
public sealed record ImageToImageRequest : ImageRequest
{
    /// <summary>What to begin from: exactly <see cref="ImageRequest.Width"/> × <see cref="ImageRequest.Height"/>, 3 channels. Only read.</summary>
    public required ImageBuffer Image { get; init; }

    /// <summary>Where to generate: the same size, 1 channel, 255 = generate, 0 = keep. Null for everywhere.</summary>
    public ImageBuffer? Mask { get; init; }

    /// <summary>How far the result may leave the image, 0 (hardly) to 1 (entirely).</summary>
    public float Strength { get; init; } = 0.75f;
}
