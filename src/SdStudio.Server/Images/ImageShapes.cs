using System.Drawing;
using NetVips;
using SdCpp.Interop;

namespace SdStudio.Server.Images;

/// <summary>Images in other shapes, without a change of their sides' ratio.</summary>
internal static class ImageShapes
{
    /// <summary>The middle of an image.</summary>
    public static ImageBuffer Crop(ImageBuffer image, int width, int height) =>
        Crop(image, new Rectangle((image.Width - width) / 2, (image.Height - height) / 2, width, height));

    /// <summary>A part of an image.</summary>
    public static ImageBuffer Crop(ImageBuffer image, Rectangle area)
    {
        ImageBuffer result = ImageBuffer.Create(area.Width, area.Height, image.Channels);
        int row = area.Width * image.Channels;
        for (int y = 0; y < area.Height; y++)
            image.Span.Slice((((area.Top + y) * image.Width) + area.Left) * image.Channels, row).CopyTo(result.Span.Slice(y * row, row));
        return result;
    }

    /// <summary>The whole image inside this size: scaled evenly, and what stays empty at two sides filled with the image's edges.</summary>
    public static ImageBuffer Contain(ImageBuffer image, int width, int height)
    {
        Rectangle inner = InnerOf(new Size(image.Width, image.Height), new Size(width, height));
        using ImageBuffer small = ImageDecoder.Resize(image, inner.Width, inner.Height);
        return Embed(small, inner.Left, inner.Top, width, height);
    }

    /// <summary>Where an image lies in a frame that contains it.</summary>
    public static Rectangle InnerOf(Size image, Size frame)
    {
        double scale = Math.Min((double)frame.Width / image.Width, (double)frame.Height / image.Height);
        int width = Math.Clamp((int)Math.Round(image.Width * scale), 1, frame.Width), height = Math.Clamp((int)Math.Round(image.Height * scale), 1, frame.Height);
        return new Rectangle((frame.Width - width) / 2, (frame.Height - height) / 2, width, height);
    }

    /// <summary>An image as it is in a larger one; what is around it are the colours of its edges, or of a mask white.</summary>
    public static ImageBuffer Embed(ImageBuffer image, int left, int top, int width, int height, bool white = false)
    {
        using NetVips.Image view = ImageDecoder.View(image);
        using NetVips.Image filled = view.Embed(left, top, width, height, extend: white ? Enums.Extend.White : Enums.Extend.Copy);
        ImageBuffer result = ImageBuffer.FromPixels(filled.WriteToMemory<byte>(), width, height, image.Channels);
        GC.KeepAlive(image);
        return result;
    }
}
