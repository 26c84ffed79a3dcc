using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Processing;
using SkiaSharp;

namespace SdCpp.Interop.Tests;

/// <summary>Images go to the usual libraries and come back; the lines are those of docs/csharp.md.</summary>
public sealed class ImageLibraryTests
{
    [Fact]
    public void An_image_goes_to_ImageSharp_and_comes_back()
    {
        using ImageBuffer image = Slope();
        using ImageBuffer smaller = Halve(image);
        Assert.Equal((16, 8), (smaller.Width, smaller.Height));
        Assert.InRange(smaller.Pixels[4, 8].R, 100, 150);
        Assert.Equal(200, smaller.Pixels[4, 8].B);
    }

    [Fact]
    public void An_image_goes_to_SkiaSharp_and_comes_back()
    {
        using ImageBuffer image = Slope();
        using ImageBuffer generated = Generate(image);
        Assert.Equal(new Rgb24(255, 255, 255), generated.Pixels[8, 8]);
        Assert.Equal(image.Pixels[1, 30], generated.Pixels[1, 30]);
    }

    private static ImageBuffer Slope()
    {
        ImageBuffer image = ImageBuffer.Create(32, 16);
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
                image.Pixels[y, x] = new Rgb24((byte)(x * 8), 10, 200);
        }

        return image;
    }

#pragma warning disable CA2000 // a newcomer's
    private static ImageBuffer Halve(ImageBuffer image)
    {
        using Image<SixLabors.ImageSharp.PixelFormats.Rgb24> sharp = SixLabors.ImageSharp.Image.LoadPixelData<SixLabors.ImageSharp.PixelFormats.Rgb24>(image.Span, image.Width, image.Height);
        sharp.Mutate(change => change.Resize(image.Width / 2, image.Height / 2));
        ImageBuffer smaller = ImageBuffer.Create(sharp.Width, sharp.Height);
        sharp.CopyPixelDataTo(smaller.Span);
        return smaller;
    }

    private static ImageBuffer Generate(ImageBuffer image)
    {
        using var bitmap = new SKBitmap(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> rgb = image.Span, rgba = bitmap.GetPixelSpan();
        for (int pixel = 0; pixel < bitmap.Width * bitmap.Height; pixel++)
            (rgba[pixel * 4], rgba[pixel * 4 + 1], rgba[pixel * 4 + 2], rgba[pixel * 4 + 3]) = (rgb[pixel * 3], rgb[pixel * 3 + 1], rgb[pixel * 3 + 2], 255);
        using (var canvas = new SKCanvas(bitmap))
            canvas.DrawCircle(8, 8, 4, new SKPaint { Color = SKColors.White });
        ImageBuffer circle = ImageBuffer.Create(bitmap.Width, bitmap.Height);
        for (int pixel = 0; pixel < bitmap.Width * bitmap.Height; pixel++)
            rgba.Slice(pixel * 4, 3).CopyTo(circle.Span[(pixel * 3)..]);
        return circle;
    }
#pragma warning restore CA2000
}
