using System.Runtime.InteropServices;
using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Images.Videos;

namespace SdStudio.Server.Images;

/// <summary>
/// Turns what was sent in into pixels. Only the header is believed before the size is checked, and nothing is read but PNG, JPEG, WebP,
/// GIF and TIFF: formats that carry programs (SVG, PDF) never reach a decoder. The file is read in strips straight into the result: there
/// is never a second copy of the pixels, nor one in the depth of the file.
/// </summary>
internal static class ImageDecoder
{
    private const string Allowed = "allowed is a PNG, JPEG, WebP, GIF or TIFF image";

    // Larger arrays stay in memory until a full collection.
    private const int StripBytes = 80_000;

    // Up to this many times the wanted pixels are scaled and then cropped.
    private const long LargestCover = 4;
    private const int Upright = 1;

    /// <summary>An image as width × height × 3 RGB, upright, in sRGB; what was transparent is white.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="field">What to call it.</param>
    /// <param name="maxPixels">Most pixels.</param>
    /// <exception cref="ImageFormatException">Names the field and what is wrong with it.</exception>
    public static ImageBuffer Read(byte[] bytes, string field, int maxPixels) => Read(bytes, field, maxPixels, keepSide: ImageBuffer.MaxSide);

    /// <summary>The same, of no more pixels than are needed.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="field">What to call it.</param>
    /// <param name="maxPixels">Most pixels.</param>
    /// <param name="keepSide">The image is made smaller by a whole number for as long as its shorter side keeps this.</param>
    /// <exception cref="ImageFormatException">Names the field and what is wrong with it.</exception>
    public static ImageBuffer Read(byte[] bytes, string field, int maxPixels, int keepSide) => Decode(bytes, field, maxPixels, source =>
    {
        using Image colour = ToSrgb(source);
        using Image flat = colour.HasAlpha() ? colour.Flatten(background: [255, 255, 255]) : colour.Copy();
        using Image rgb = flat.Bands == 1 ? flat.Bandjoin([flat, flat]) : flat.Copy();
        int factor = Math.Min(rgb.Width, rgb.Height) / keepSide;
        using Image kept = factor > 1 ? rgb.Shrink(factor, factor) : rgb.Copy();
        return ToBuffer(kept, 3);
    });

    /// <summary>
    /// A mask as width × height × 1: white is generated, black stays. Of an image that is transparent somewhere, the transparent part is
    /// generated, as OpenAI's clients mean it.
    /// </summary>
    /// <exception cref="ImageFormatException">Names the field and what is wrong with it.</exception>
    public static ImageBuffer ReadMask(byte[] bytes, string field, int maxPixels) => ReadMask(bytes, field, maxPixels, MaskAlpha.Holes);

    /// <param name="bytes">The file.</param>
    /// <param name="field">What to call it.</param>
    /// <param name="maxPixels">Most pixels.</param>
    /// <param name="alpha">What transparency means.</param>
    /// <exception cref="ImageFormatException">Names the field and what is wrong with it.</exception>
    public static ImageBuffer ReadMask(byte[] bytes, string field, int maxPixels, MaskAlpha alpha) => Decode(bytes, field, maxPixels, source =>
    {
        using Image colour = ToSrgb(source);
        using Image grey = colour.Bands < 3 ? colour.ExtractBand(0) : Grey(colour);
        if (!colour.HasAlpha())
            return ToBuffer(grey, 1);
        // Whether anything is transparent is known only when all of it was read.
        using Image opacity = colour.ExtractBand(colour.Bands - 1);
        using Image both = grey.Bandjoin(opacity);
        using Image read = both.CopyMemory();
        using Image shown = read.ExtractBand(1);
        using Image white = read.ExtractBand(0);
        if (shown.Min() == 255)
            return ToBuffer(white, 1);
        using Image holes = alpha == MaskAlpha.Holes ? shown.Invert() : shown.Copy();
        return ToBuffer(holes, 1);
    });

    /// <summary>Bytes that an image takes when it is decoded, as its header says; 0 when that cannot be read.</summary>
    public static long BytesOf(byte[] bytes)
    {
        if (!IsKnown(bytes))
            return 0;
        try
        {
            using Image header = Open(bytes);
            return 3L * header.Width * header.Height;
        }
        catch (VipsException)
        {
            return 0;
        }
    }

    /// <summary>Size and format of an image that may be kept as it is. The pixels are not read.</summary>
    /// <exception cref="ImageFormatException">It is no PNG, JPEG or WebP, it moves, or it has too many pixels.</exception>
    public static (int Width, int Height, string Format) Inspect(byte[] bytes, string field, int maxPixels)
    {
        ThrowIfUnknown(bytes, field);
        string format = PngText.IsPng(bytes) ? ImageFormats.Png
            : bytes.AsSpan().StartsWith(JpegSignature) ? ImageFormats.Jpeg
            : bytes.AsSpan().StartsWith("RIFF"u8) ? ImageFormats.Webp
            : throw new ImageFormatException($"{field} is not an image that can be kept as it is; allowed is PNG, JPEG or WebP");
        try
        {
            using Image header = Open(bytes);
            if ((long)header.Width * header.Height > maxPixels)
                throw new ImageFormatException($"{field} has {header.Width}x{header.Height} pixels; allowed are at most {maxPixels} together");
            return (header.Width, header.Height, format);
        }
        catch (VipsException exception)
        {
            throw Damaged(field, exception);
        }
    }

    /// <summary>The texts inside an image or a video by their keywords; none when it has none. The pixels are not read.</summary>
    /// <exception cref="ImageFormatException">It is neither.</exception>
    public static IReadOnlyDictionary<string, string> Texts(byte[] bytes, string field)
    {
        if (VideoTexts.IsMp4(bytes) || VideoTexts.IsWebm(bytes))
            return VideoTexts.Read(bytes);
        ThrowIfUnknown(bytes, field);
        if (PngText.IsPng(bytes))
            return PngText.Read(bytes);
        try
        {
            using Image header = Open(bytes);
            return ExifText.Read(header, bytes);
        }
        catch (VipsException exception)
        {
            throw Damaged(field, exception);
        }
    }

    /// <summary>Resamples to exactly this size; the sides may change their ratio.</summary>
    public static ImageBuffer Resize(ImageBuffer image, int width, int height, Enums.Kernel? kernel = null)
    {
        using Image view = View(image);
        // Lanczos rings: a mask would show where nothing was painted.
        kernel ??= image.Channels == 1 ? Enums.Kernel.Linear : Enums.Kernel.Lanczos3;
        using Image resized = view.Resize((double)width / image.Width, vscale: (double)height / image.Height, kernel: kernel);
        // The sides are rounded inside; a pixel more or less is not what was asked.
        using Image exact = resized.Width == width && resized.Height == height
            ? resized.Copy()
            : resized.Gravity(Enums.CompassDirection.Centre, width, height, extend: Enums.Extend.Copy);
        ImageBuffer result = ToBuffer(exact, image.Channels);
        GC.KeepAlive(image);
        return result;
    }

    /// <summary>Softens edges (Gauss, standard deviation in pixels).</summary>
    public static ImageBuffer Blur(ImageBuffer image, double sigma)
    {
        using Image view = View(image);
        using Image blurred = view.Gaussblur(sigma);
        ImageBuffer result = ToBuffer(blurred, image.Channels);
        GC.KeepAlive(image);
        return result;
    }

    /// <summary>Black becomes white and white black.</summary>
    public static ImageBuffer Invert(ImageBuffer image)
    {
        using Image view = View(image);
        using Image inverted = view.Invert();
        ImageBuffer result = ToBuffer(inverted, image.Channels);
        GC.KeepAlive(image);
        return result;
    }

    /// <summary>Fills exactly this size: scaled evenly until nothing is empty, and cropped evenly on both ends of the longer side.</summary>
    public static ImageBuffer Cover(ImageBuffer image, int width, int height)
    {
        if (image.Width == width && image.Height == height)
            return ImageBuffer.FromPixels(image.Span, width, height, image.Channels);
        double scale = Math.Max((double)width / image.Width, (double)height / image.Height);
        int coverWidth = Math.Max(width, (int)Math.Round(image.Width * scale));
        int coverHeight = Math.Max(height, (int)Math.Round(image.Height * scale));
        if ((long)coverWidth * coverHeight > LargestCover * width * height)
            return CoverMiddle(image, width, height, scale);
        using ImageBuffer covering = Resize(image, coverWidth, coverHeight);
        using Image view = View(covering);
        using Image cut = view.Crop((coverWidth - width) / 2, (coverHeight - height) / 2, width, height);
        ImageBuffer result = ToBuffer(cut, image.Channels);
        GC.KeepAlive(covering);
        return result;
    }

    // Of a long strip only the middle is seen: the rest is cropped before it is scaled.
    private static ImageBuffer CoverMiddle(ImageBuffer image, int width, int height, double scale)
    {
        int seenWidth = Math.Clamp((int)Math.Ceiling(width / scale), 1, image.Width);
        int seenHeight = Math.Clamp((int)Math.Ceiling(height / scale), 1, image.Height);
        using Image view = View(image);
        using Image seen = view.Crop((image.Width - seenWidth) / 2, (image.Height - seenHeight) / 2, seenWidth, seenHeight);
        using ImageBuffer middle = ToBuffer(seen, image.Channels);
        GC.KeepAlive(image);
        return Resize(middle, width, height);
    }

    /// <summary>A PNG of the image that is transparent where the mask is white, as OpenAI's API takes masks.</summary>
    public static byte[] WithHoles(ImageBuffer image, ImageBuffer mask)
    {
        using Image view = View(image);
        using Image white = View(mask);
        using Image opaque = white.Invert();
        using Image joined = view.Bandjoin(opaque);
        using Image holes = joined.Copy(interpretation: Enums.Interpretation.Srgb);
        byte[] png = holes.PngsaveBuffer();
        GC.KeepAlive(image);
        GC.KeepAlive(mask);
        return png;
    }

    /// <summary>A view on the pixels, valid as long as the buffer is.</summary>
    public static Image View(ImageBuffer image) => Image.NewFromMemory(
        image.Address, (ulong)image.Length, image.Width, image.Height, image.Channels, Enums.BandFormat.Uchar);

    private static ImageBuffer Decode(byte[] bytes, string field, int maxPixels, Func<Source, ImageBuffer> read)
    {
        ThrowIfUnknown(bytes, field);
        bytes = PngText.Without(bytes);
        try
        {
            try
            {
                return DecodeOnce(bytes, field, maxPixels, useProfile: true, read);
            }
            catch (ProfileException)
            {
                return DecodeOnce(bytes, field, maxPixels, useProfile: false, read);
            }
        }
        catch (VipsException exception)
        {
            throw Damaged(field, exception);
        }
    }

    private static ImageBuffer DecodeOnce(byte[] bytes, string field, int maxPixels, bool useProfile, Func<Source, ImageBuffer> read)
    {
        using Image image = Open(bytes);
        if ((long)image.Width * image.Height > maxPixels || image.Width > ImageBuffer.MaxSide || image.Height > ImageBuffer.MaxSide)
        {
            throw new ImageFormatException(
                $"{field} has {image.Width}x{image.Height} pixels; allowed are at most {maxPixels} together and {ImageBuffer.MaxSide} a side");
        }

        if (image.Contains("n-pages") && image.Get("n-pages") is int pages and > 1)
            throw new ImageFormatException($"{field} has {pages} frames; send an image that does not move");
        int orientation = image.Contains("orientation") && image.Get("orientation") is int turned ? turned : Upright;
        bool hasProfile = image.Contains("icc-profile-data") || image.Interpretation == Enums.Interpretation.Cmyk;
        ImageBuffer pixels;
        try
        {
            pixels = read(new Source(image, hasProfile && useProfile));
        }
        catch (VipsException exception) when (hasProfile && useProfile)
        {
            // A profile that is no profile is not worth a refusal; whether it was that shows the second try.
            throw new ProfileException(exception);
        }

        return orientation == Upright ? pixels : Turned(pixels, orientation);
    }

    private static Image Open(byte[] bytes) => Image.NewFromBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error);

    private static void ThrowIfUnknown(byte[] bytes, string field)
    {
        if (bytes.Length == 0)
            throw new ImageFormatException($"{field} is empty; {Allowed}");
        if (!IsKnown(bytes))
            throw new ImageFormatException($"{field} is not an image of a known kind; {Allowed}");
    }

    private static ImageFormatException Damaged(string field, VipsException exception) =>
        new($"{field} cannot be read as an image: it is damaged or cut short; {Allowed}", SecondLine(exception.Message));

    private static string? SecondLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [_, { } second, ..] ? second : null;

    private static ImageBuffer Turned(ImageBuffer pixels, int orientation)
    {
        using (pixels)
        {
            using Image view = View(pixels);
            using Image marked = view.Mutate(image => image.Set(GValue.GIntType, "orientation", orientation));
            using Image upright = marked.Autorot();
            ImageBuffer result = ToBuffer(upright, pixels.Channels);
            GC.KeepAlive(pixels);
            return result;
        }
    }

    private static Image ToSrgb(Source source)
    {
        if (!source.UseProfile)
            return Plain(source.Image);
        using Image converted = source.Image.IccTransform(
            "srgb", embedded: true, inputProfile: source.Image.Interpretation == Enums.Interpretation.Cmyk ? "cmyk" : "srgb");
        return Plain(converted);
    }

    private static Image Plain(Image image)
    {
        using Image rgb = image.Interpretation is Enums.Interpretation.Bw or Enums.Interpretation.Srgb
            ? image.Copy()
            : image.Colourspace(image.Bands < 3 ? Enums.Interpretation.Bw : Enums.Interpretation.Srgb);
        return rgb.Format == Enums.BandFormat.Uchar ? rgb.Copy() : rgb.Cast(Enums.BandFormat.Uchar);
    }

    private static Image Grey(Image colour)
    {
        using Image rgb = colour.ExtractBand(0, n: 3);
        return rgb.Colourspace(Enums.Interpretation.Bw);
    }

    private static ImageBuffer ToBuffer(Image image, int channels)
    {
        using Image pixels = image.Bands == channels ? image.Copy() : image.ExtractBand(0, n: channels);
        ImageBuffer buffer = ImageBuffer.Create(pixels.Width, pixels.Height, channels);
        try
        {
            using Region region = Region.New(pixels);
            int rowBytes = pixels.Width * channels;
            int rows = Math.Max(1, StripBytes / rowBytes);
            for (int row = 0; row < pixels.Height; row += rows)
            {
                byte[] strip = region.Fetch(0, row, pixels.Width, Math.Min(rows, pixels.Height - row));
                // By its address: memory that somebody has a span of is left to the collector, and this is more than it should wait with.
                Marshal.Copy(strip, 0, buffer.Address + (row * rowBytes), strip.Length);
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static bool IsKnown(ReadOnlySpan<byte> bytes) =>
        PngText.IsPng(bytes) || bytes.StartsWith(JpegSignature) || bytes.StartsWith("GIF8"u8)
        || (bytes.Length > 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8))
        || bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8);

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];

    /// <summary>An opened file, and whether its colours are converted by the profile it brings.</summary>
    private readonly record struct Source(Image Image, bool UseProfile);

    private sealed class ProfileException(VipsException inner) : Exception(inner.Message, inner);
}

/// <summary>What transparency of a mask means.</summary>
internal enum MaskAlpha
{
    /// <summary>The transparent part is generated: OpenAI's clients.</summary>
    Holes = 0,

    /// <summary>The opaque part is generated: Automatic1111's clients.</summary>
    Strokes = 1,
}
