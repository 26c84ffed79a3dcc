using SdCpp.Interop;

namespace SdStudio.Server.Http.Requests;

/// <summary>The images of a request, decoded; they hold their place at the gate of decoding until they are given back.</summary>
/// <param name="place">The place.</param>
internal sealed class RequestInputs(IDisposable place) : IDisposable
{
    /// <summary>The input or reference image.</summary>
    public ImageBuffer? Image { get; set; }

    /// <summary>Where to generate; null for everywhere.</summary>
    public ImageBuffer? Mask { get; set; }

    /// <summary>What a ControlNet follows.</summary>
    public ImageBuffer? Control { get; set; }

    /// <summary>The last frame of a video.</summary>
    public ImageBuffer? End { get; set; }

    /// <summary>What the frames of a video follow.</summary>
    public List<ImageBuffer> Frames { get; } = [];

    /// <summary>Whom or what the result shall look like.</summary>
    public List<ImageBuffer> Identity { get; } = [];

    /// <summary>More images to look at.</summary>
    public List<ImageBuffer> References { get; } = [];

    /// <summary>The image of this server that <see cref="Image"/> is; null for none.</summary>
    public string? SourceId { get; init; }

    public void Dispose()
    {
        Image?.Dispose();
        Mask?.Dispose();
        Control?.Dispose();
        End?.Dispose();
        Frames.ForEach(frame => frame.Dispose());
        Identity.ForEach(image => image.Dispose());
        References.ForEach(reference => reference.Dispose());
        place.Dispose();
    }
}
