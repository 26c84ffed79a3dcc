using SdCpp.Interop;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Images;

/// <summary>What a ControlNet sees of an image.</summary>
internal static class ControlImages
{
    /// <param name="image">Only read.</param>
    /// <param name="control">What is done to it.</param>
    /// <exception cref="SdException">The engine cannot.</exception>
    public static ImageBuffer Preprocessed(ImageBuffer image, ControlSetting control)
    {
        if (control.Preprocessor == ControlSetting.None)
            return ImageBuffer.FromPixels(image.Span, image.Width, image.Height, image.Channels);
        if (control.Preprocessor == ControlSetting.Invert)
            return ImageDecoder.Invert(image);
        var usual = new EdgeDetection();
        float high = (float?)control.HighThreshold ?? Math.Max(usual.HighThreshold, (float?)control.LowThreshold ?? 0);
        return SdEngine.Load().FindEdges(image, usual with { HighThreshold = high, LowThreshold = (float?)control.LowThreshold ?? Math.Min(usual.LowThreshold, high) });
    }
}
