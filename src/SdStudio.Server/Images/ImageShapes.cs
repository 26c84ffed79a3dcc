using NetVips;
using SdCpp.Interop;

namespace SdStudio.Server.Images;

/// <summary>Images in other shapes, without a change of their sides' ratio.</summary>
internal static class ImageShapes
{
    /// <summary>The middle of an image.</summary>
    public static ImageBuffer Crop(ImageBuffer image, int width, int height)
    {
        ImageBuffer result = ImageBuffer.Create(width, height, image.Channels);
        int left = (image.Width - width) / 2, top = (image.Height - height) / 2, row = width * image.Channels;
        for (int y = 0; y < height; y++)
            image.Span.Slice((((top + y) * image.Width) + left) * image.Channels, row).CopyTo(result.Span.Slice(y * row, row));
        return result;
    }

    /// <summary>The whole image inside this size: scaled evenly, and what stays empty at two sides filled with the image's edges.</summary>
    public static ImageBuffer Contain(ImageBuffer image, int width, int height)
    {
        double scale = Math.Min((double)width / image.Width, (double)height / image.Height);
        int innerWidth = Math.Clamp((int)Math.Round(image.Width * scale), 1, width), innerHeight = Math.Clamp((int)Math.Round(image.Height * scale), 1, height);
        using ImageBuffer inner = ImageDecoder.Resize(image, innerWidth, innerHeight);
        using Image view = ImageDecoder.View(inner);
        using Image filled = view.Embed((width - innerWidth) / 2, (height - innerHeight) / 2, width, height, extend: Enums.Extend.Copy);
        ImageBuffer result = ImageBuffer.FromPixels(filled.WriteToMemory<byte>(), width, height, image.Channels);
        GC.KeepAlive(inner);
        return result;
    }
}
