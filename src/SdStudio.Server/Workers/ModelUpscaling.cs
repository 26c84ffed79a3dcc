using SdCpp.Interop;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Workers;

/// <summary>Upscaling by a model whose factor is fixed.</summary>
internal static class ModelUpscaling
{
    /// <summary>Upscales as often as it takes to reach the size; resampling does the rest. <paramref name="image"/> is disposed or returned.</summary>
    public static async Task<ImageBuffer> RunAsync(
        Upscaler upscaler, ImageBuffer image, GenerationSettings settings, SdCallbacks callbacks, CancellationToken cancellation)
    {
        while ((image.Width < settings.Width || image.Height < settings.Height) && Fits(image, upscaler.Factor))
            image = Replace(image, await upscaler.UpscaleAsync(image, callbacks, cancellation).ConfigureAwait(false));
        return image;
    }

    public static ImageBuffer Replace(ImageBuffer old, ImageBuffer next)
    {
        old.Dispose();
        return next;
    }

    private static bool Fits(ImageBuffer image, int factor) =>
        image.Width * factor <= ImageBuffer.MaxSide && image.Height * factor <= ImageBuffer.MaxSide
        && (long)image.Width * factor * image.Height * factor <= ImageBuffer.MaxPixels;
}
