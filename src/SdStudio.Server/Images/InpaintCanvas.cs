using System.Drawing;
using SdCpp.Interop;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Images;

/// <summary>
/// An image of which a part is generated. What the model gets has the size that it generates; what it returns is put back into the image,
/// whose pixels outside the mask stay as they were, to the byte.
/// </summary>
internal sealed class InpaintCanvas : IDisposable
{
    private readonly ImageBuffer _original;
    private readonly ImageBuffer _shown;
    private readonly Rectangle _inner;

    private InpaintCanvas(ImageBuffer original, ImageBuffer shown, Rectangle area, Size generated)
    {
        (_original, _shown, Area) = (original, shown, area);
        // At the border of an image that is too small for the result's shape the area has another one.
        _inner = ImageShapes.InnerOf(area.Size, generated);
        using ImageBuffer part = ImageShapes.Crop(original, area), where = ImageShapes.Crop(shown, area);
        Image = ImageShapes.Contain(part, generated.Width, generated.Height);
        Mask = ImageShapes.Contain(where, generated.Width, generated.Height);
    }

    /// <summary>The part of the image that is generated.</summary>
    public Rectangle Area { get; }

    /// <summary>What is generated from.</summary>
    public ImageBuffer Image { get; }

    /// <summary>Where: white, with soft edges.</summary>
    public ImageBuffer Mask { get; }

    /// <param name="image">As it was sent; only read.</param>
    /// <param name="mask">As it was sent, 1 channel; null for none, where the image is extended.</param>
    /// <param name="how">What is done with them.</param>
    /// <param name="generated">The size of what the model generates.</param>
    public static InpaintCanvas Of(ImageBuffer image, ImageBuffer? mask, InpaintSetting how, ImageSize generated)
    {
        using ImageBuffer painted = Painted(image, mask, how);
        using ImageBuffer? extended = how.Extend is { } sides ? Around(image, sides, white: false) : null;
        ImageBuffer sent = extended ?? image;
        ImageSize result = how.OnlyMasked ? new ImageSize(sent.Width, sent.Height) : generated;
        ImageBuffer shown = ImageDecoder.Cover(painted, result.Width, result.Height);
        if (how.Blur > 0)
        {
            using ImageBuffer hard = shown;
            shown = ImageDecoder.Blur(hard, how.Blur);
        }

        Rectangle area = how.OnlyMasked ? AreaOf(shown, how.Padding, generated) : new Rectangle(0, 0, result.Width, result.Height);
        var canvas = new InpaintCanvas(ImageDecoder.Cover(sent, result.Width, result.Height), shown, area, new Size(generated.Width, generated.Height));
        MaskContent.Apply(canvas.Image, canvas.Mask, how.ContentOrUsual);
        return canvas;
    }

    /// <summary>The part of another image that lies where this one's is generated, in the size of what is generated.</summary>
    public ImageBuffer SamePartOf(ImageBuffer other)
    {
        using ImageBuffer whole = ImageDecoder.Cover(other, _original.Width, _original.Height);
        using ImageBuffer part = ImageShapes.Crop(whole, Area);
        return ImageShapes.Contain(part, Image.Width, Image.Height);
    }

    /// <summary>The whole image with what was generated in its place.</summary>
    public ImageBuffer PutBack(ImageBuffer generated)
    {
        using ImageBuffer part = ImageShapes.Crop(generated, _inner);
        using ImageBuffer fitting = part.Width == Area.Width && part.Height == Area.Height
            ? Copy(part)
            : ImageDecoder.Resize(part, Area.Width, Area.Height);
        ImageBuffer result = Copy(_original);
        Span<byte> pixels = result.Span;
        ReadOnlySpan<byte> white = _shown.Span, fresh = fitting.Span;
        for (int y = 0; y < Area.Height; y++)
        {
            int from = y * Area.Width, to = ((Area.Top + y) * result.Width) + Area.Left;
            for (int x = 0; x < Area.Width; x++)
            {
                byte weight = white[to + x];
                for (int channel = 0; channel < 3 && weight > 0; channel++)
                {
                    ref byte pixel = ref pixels[((to + x) * 3) + channel];
                    pixel = Between(pixel, fresh[((from + x) * 3) + channel], weight);
                }
            }
        }

        return result;
    }

    /// <summary>How many pixels of a result outside the mask are not the image's.</summary>
    public int CountChangedOutside(ImageBuffer result)
    {
        int changed = 0;
        for (int i = 0; i < _shown.Length; i++)
        {
            if (_shown.Span[i] == 0 && !result.Span.Slice(i * 3, 3).SequenceEqual(_original.Span.Slice(i * 3, 3)))
                changed++;
        }

        return changed;
    }

    /// <summary>A mix of two values: of 255 parts <paramref name="weight"/> of the second.</summary>
    public static byte Between(byte first, byte second, byte weight) => (byte)(((first * (255 - weight)) + (second * weight) + 127) / 255);

    public void Dispose()
    {
        _original.Dispose();
        _shown.Dispose();
        Image.Dispose();
        Mask.Dispose();
    }

    // The mask, in the size of the image where that is extended: what is added to the image is white.
    private static ImageBuffer Painted(ImageBuffer image, ImageBuffer? mask, InpaintSetting how)
    {
        ImageBuffer painted = mask is null ? ImageBuffer.Create(image.Width, image.Height, 1) : how.Invert ? ImageDecoder.Invert(mask) : Copy(mask);
        if (mask is null)
            painted.Span.Clear();
        if (how.Extend is not { } sides)
            return painted;
        painted = Replaced(painted, ImageDecoder.Cover(painted, image.Width, image.Height));
        return Replaced(painted, Around(painted, sides, white: true));
    }

    private static ImageBuffer Copy(ImageBuffer image) => ImageBuffer.FromPixels(image.Span, image.Width, image.Height, image.Channels);

    private static ImageBuffer Around(ImageBuffer image, Sides sides, bool white)
    {
        ImageSize size = sides.Around(new ImageSize(image.Width, image.Height));
        return ImageShapes.Embed(image, sides.Left, sides.Top, size.Width, size.Height, white);
    }

    // What is masked and its surroundings, grown on its shorter side to the shape of what is generated, inside the image.
    private static Rectangle AreaOf(ImageBuffer mask, int padding, ImageSize generated)
    {
        var all = new Rectangle(0, 0, mask.Width, mask.Height);
        if (MaskedOf(mask) is not { } masked)
            return all;
        Rectangle seen = Rectangle.Intersect(Rectangle.Inflate(masked, padding, padding), all);
        double shape = (double)generated.Width / generated.Height;
        int width = Math.Max(seen.Width, (int)Math.Round(seen.Height * shape)), height = Math.Max(seen.Height, (int)Math.Round(seen.Width / shape));
        (int left, int grownWidth) = Grown(seen.Left, seen.Width, width, mask.Width);
        (int top, int grownHeight) = Grown(seen.Top, seen.Height, height, mask.Height);
        return new Rectangle(left, top, grownWidth, grownHeight);
    }

    private static (int Start, int Length) Grown(int start, int length, int wanted, int most)
    {
        int grown = Math.Min(wanted, most);
        return (Math.Clamp(start - ((grown - length) / 2), 0, most - grown), grown);
    }

    private static Rectangle? MaskedOf(ImageBuffer mask)
    {
        (int left, int top, int right, int bottom) = (int.MaxValue, int.MaxValue, -1, -1);
        for (int y = 0; y < mask.Height; y++)
        {
            ReadOnlySpan<byte> row = mask.Span.Slice(y * mask.Width, mask.Width);
            int first = row.IndexOfAnyExcept((byte)0);
            if (first < 0)
                continue;
            (left, right) = (Math.Min(left, first), Math.Max(right, row.LastIndexOfAnyExcept((byte)0)));
            (top, bottom) = (Math.Min(top, y), y);
        }

        return right < 0 ? null : Rectangle.FromLTRB(left, top, right + 1, bottom + 1);
    }

    private static ImageBuffer Replaced(ImageBuffer old, ImageBuffer next)
    {
        old.Dispose();
        return next;
    }
}
