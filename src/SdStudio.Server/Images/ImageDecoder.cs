using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Images;

/// <summary>
/// Turns what was sent in into pixels. Only the header is believed before the size is checked, and nothing is read but PNG, JPEG, WebP,
/// GIF and TIFF: formats that carry programs (SVG, PDF) never reach a decoder.
/// </summary>
internal static class ImageDecoder
{
    private const string Allowed = "allowed is a PNG, JPEG, WebP, GIF or TIFF picture";

    /// <summary>A picture as width × height × 3 RGB, upright, in sRGB; what was transparent is white.</summary>
    /// <exception cref="BadRequestException">Names the field and what is wrong with it.</exception>
    public static ImageBuffer Read(byte[] bytes, string field, int maxPixels) => Decode(bytes, field, maxPixels, image =>
    {
        using Image colour = ToSrgb(image);
        using Image flat = colour.HasAlpha() ? colour.Flatten(background: [255, 255, 255]) : colour.Copy();
        using Image rgb = flat.Bands == 1 ? flat.Bandjoin([flat, flat]) : flat.Copy();
        return ToBuffer(rgb, 3);
    });

    /// <summary>
    /// A mask as width × height × 1: white is drawn anew, black stays. Of a picture that is transparent somewhere, the transparent part
    /// is drawn anew, as OpenAI's clients mean it.
    /// </summary>
    /// <exception cref="BadRequestException">Names the field and what is wrong with it.</exception>
    public static ImageBuffer ReadMask(byte[] bytes, string field, int maxPixels) => Decode(bytes, field, maxPixels, image =>
    {
        using Image colour = ToSrgb(image);
        if (colour.HasAlpha())
        {
            using Image alpha = colour[colour.Bands - 1];
            if (alpha.Min() < 255)
            {
                using Image inverted = alpha.Invert();
                return ToBuffer(inverted, 1);
            }
        }

        using Image flat = colour.HasAlpha() ? colour.Flatten() : colour.Copy();
        using Image grey = flat.Bands == 1 ? flat.Copy() : flat.Colourspace(Enums.Interpretation.Bw);
        return ToBuffer(grey, 1);
    });

    /// <summary>The texts inside a PNG by their keywords; none in other pictures. The pixels are not read.</summary>
    /// <exception cref="BadRequestException">It is no picture.</exception>
    public static IReadOnlyDictionary<string, string> Texts(byte[] bytes, string field)
    {
        const string Prefix = "png-comment-";
        if (!IsKnown(bytes))
            throw new BadRequestException($"{field} is not a picture of a known kind; {Allowed}");
        try
        {
            using Image header = Image.NewFromBuffer(bytes, access: Enums.Access.Sequential);
            var texts = new Dictionary<string, string>(StringComparer.Ordinal);
            // "png-comment-0-parameters"
            foreach (string name in header.GetFields().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
                texts[name[(name.IndexOf('-', Prefix.Length) + 1)..]] = (string)header.Get(name);
            return texts;
        }
        catch (VipsException exception)
        {
            throw new BadRequestException($"{field} cannot be read as a picture: it is damaged or cut short; {Allowed}", FirstLine(exception.Message));
        }
    }

    /// <summary>Resamples to exactly this size; the sides may change their ratio.</summary>
    public static ImageBuffer Resize(ImageBuffer picture, int width, int height, Enums.Kernel kernel = Enums.Kernel.Lanczos3)
    {
        using Image image = View(picture);
        using Image resized = image.Resize((double)width / picture.Width, vscale: (double)height / picture.Height, kernel: kernel);
        // The sides are rounded inside; a pixel more or less is not what was asked.
        using Image exact = resized.Width == width && resized.Height == height
            ? resized.Copy()
            : resized.Gravity(Enums.CompassDirection.Centre, width, height, extend: Enums.Extend.Copy);
        ImageBuffer result = ToBuffer(exact, picture.Channels);
        GC.KeepAlive(picture);
        return result;
    }

    /// <summary>Softens edges (Gauss, standard deviation in pixels).</summary>
    public static ImageBuffer Blur(ImageBuffer picture, double sigma)
    {
        using Image image = View(picture);
        using Image blurred = image.Gaussblur(sigma);
        ImageBuffer result = ToBuffer(blurred, picture.Channels);
        GC.KeepAlive(picture);
        return result;
    }

    /// <summary>Black becomes white and white black.</summary>
    public static ImageBuffer Invert(ImageBuffer picture)
    {
        using Image image = View(picture);
        using Image inverted = image.Invert();
        ImageBuffer result = ToBuffer(inverted, picture.Channels);
        GC.KeepAlive(picture);
        return result;
    }

    /// <summary>Fills exactly this size: scaled evenly until nothing is empty, and cut evenly on both ends of the longer side.</summary>
    public static ImageBuffer Cover(ImageBuffer picture, int width, int height)
    {
        if (picture.Width == width && picture.Height == height)
            return ImageBuffer.FromPixels(picture.Span, width, height, picture.Channels);
        double scale = Math.Max((double)width / picture.Width, (double)height / picture.Height);
        int coverWidth = Math.Max(width, (int)Math.Round(picture.Width * scale));
        int coverHeight = Math.Max(height, (int)Math.Round(picture.Height * scale));
        using ImageBuffer covering = Resize(picture, coverWidth, coverHeight);
        using Image image = View(covering);
        using Image cut = image.Crop((coverWidth - width) / 2, (coverHeight - height) / 2, width, height);
        ImageBuffer result = ToBuffer(cut, picture.Channels);
        GC.KeepAlive(covering);
        return result;
    }

    /// <summary>A PNG of the picture that is transparent where the mask is white, as OpenAI's API takes masks.</summary>
    public static byte[] WithHoles(ImageBuffer picture, ImageBuffer mask)
    {
        using Image image = View(picture);
        using Image white = View(mask);
        using Image opaque = white.Invert();
        using Image joined = image.Bandjoin(opaque);
        using Image holes = joined.Copy(interpretation: Enums.Interpretation.Srgb);
        byte[] png = holes.PngsaveBuffer();
        GC.KeepAlive(picture);
        GC.KeepAlive(mask);
        return png;
    }

    /// <summary>A view on the pixels, valid as long as the buffer is.</summary>
    public static Image View(ImageBuffer picture) => Image.NewFromMemory(
        picture.Address, (ulong)picture.Length, picture.Width, picture.Height, picture.Channels, Enums.BandFormat.Uchar);

    private static ImageBuffer Decode(byte[] bytes, string field, int maxPixels, Func<Image, ImageBuffer> read)
    {
        if (bytes.Length == 0)
            throw new BadRequestException($"{field} is empty; {Allowed}");
        if (!IsKnown(bytes))
            throw new BadRequestException($"{field} is not a picture of a known kind; {Allowed}");
        try
        {
            using Image header = Image.NewFromBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error);
            if ((long)header.Width * header.Height > maxPixels || header.Width > ImageBuffer.MaxSide || header.Height > ImageBuffer.MaxSide)
            {
                throw new BadRequestException(
                    $"{field} has {header.Width}x{header.Height} pixels; allowed are at most {maxPixels} together and {ImageBuffer.MaxSide} a side");
            }

            if (header.Contains("n-pages") && header.Get("n-pages") is int pages and > 1)
                throw new BadRequestException($"{field} has {pages} frames; send a picture that does not move");
            using Image upright = header.Autorot();
            using Image decoded = upright.CopyMemory();
            return read(decoded);
        }
        catch (VipsException exception)
        {
            throw new BadRequestException($"{field} cannot be read as a picture: it is damaged or cut short; {Allowed}", FirstLine(exception.Message));
        }
    }

    private static string? FirstLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [_, { } second, ..] ? second : null;

    private static Image ToSrgb(Image image)
    {
        // A profile that is no profile is not worth a refusal.
        if (image.Contains("icc-profile-data") || image.Interpretation == Enums.Interpretation.Cmyk)
        {
            try
            {
                using Image converted = image.IccTransform("srgb", embedded: true, inputProfile: image.Interpretation == Enums.Interpretation.Cmyk ? "cmyk" : "srgb");
                return converted.CopyMemory();
            }
            catch (VipsException)
            {
                return Plain(image);
            }
        }

        return Plain(image);
    }

    private static Image Plain(Image image)
    {
        using Image rgb = image.Interpretation is Enums.Interpretation.Bw or Enums.Interpretation.Srgb
            ? image.Copy()
            : image.Colourspace(image.Bands < 3 ? Enums.Interpretation.Bw : Enums.Interpretation.Srgb);
        return rgb.Format == Enums.BandFormat.Uchar ? rgb.Copy() : rgb.Cast(Enums.BandFormat.Uchar);
    }

    private static ImageBuffer ToBuffer(Image image, int channels)
    {
        using Image pixels = image.Bands == channels ? image.Copy() : image.ExtractBand(0, n: channels);
        ImageBuffer buffer = ImageBuffer.Create(pixels.Width, pixels.Height, channels);
        try
        {
            byte[] bytes = pixels.WriteToMemory<byte>();
            bytes.CopyTo(buffer.Span);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static bool IsKnown(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(PngSignature) || bytes.StartsWith(JpegSignature) || bytes.StartsWith("GIF8"u8)
        || (bytes.Length > 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8))
        || bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8);

    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];
}
