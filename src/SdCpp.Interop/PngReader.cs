using System.Buffers.Binary;
using System.IO.Compression;

namespace SdCpp.Interop;

/// <summary>Reads PNG files of every colour type, depth and order of rows into 8 bits a channel.</summary>
internal static class PngReader
{
    private const int HeaderBytes = 13;
    private const int MaxPaletteBytes = 256 * 3;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    // Of each pass of an interlaced file: its first column and row, and the steps between its pixels.
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public static ImageBuffer Read(Stream from, int channels)
    {
        try
        {
            Span<byte> signature = stackalloc byte[8];
            if (from.ReadAtLeast(signature, 8, throwOnEndOfStream: false) < 8 || !signature.SequenceEqual(Signature))
                throw Invalid("it is no PNG file");
            return ReadChunks(new PngChunks(from), channels);
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException)
        {
            throw Invalid("it ends too early, or its pixels are damaged", exception);
        }
    }

    private static ImageBuffer ReadChunks(PngChunks chunks, int channels)
    {
        PngHeader header = ReadHeader(chunks);
        byte[] palette = [], transparency = [];
        while (chunks.Next() is not "IDAT")
        {
            if (chunks.Type == "PLTE")
                palette = chunks.ReadAll(MaxPaletteBytes);
            else if (chunks.Type == "tRNS")
                transparency = chunks.ReadAll(MaxPaletteBytes);
            else if (chunks.Type == "IEND")
                throw Invalid("it has no pixels");
            else
                chunks.Skip();
        }

        if (header.ColorType == 3 && palette.Length is 0)
            throw Invalid("its palette is missing");
        var pixels = new PngPixels(header, palette, transparency, channels);
        ImageBuffer image = ImageBuffer.Rent(header.Width, header.Height, channels);
        try
        {
            using var inflated = new ZLibStream(chunks.Data(), CompressionMode.Decompress);
            ReadPasses(inflated, header, pixels, image);
            return image;
        }
        catch (IOException exception) when (!chunks.HasFailed)
        {
            // zlib's own exception, whose type is not public.
            image.Dispose();
            throw Invalid("its pixels are damaged", exception);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static PngHeader ReadHeader(PngChunks chunks)
    {
        if (chunks.Next() != "IHDR")
            throw Invalid("its header is missing");
        byte[] bytes = chunks.ReadAll(HeaderBytes);
        if (bytes.Length != HeaderBytes)
            throw Invalid("its header is damaged");
        var header = new PngHeader(BinaryPrimitives.ReadInt32BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4)), bytes[8], bytes[9], bytes[12] == 1);
        bool isKnown = (header.ColorType, header.Depth) is (0, 1 or 2 or 4 or 8 or 16) or (3, 1 or 2 or 4 or 8) or (2 or 4 or 6, 8 or 16);
        return isKnown && bytes[10] == 0 && bytes[11] == 0 && bytes[12] <= 1 ? header : throw Invalid("its header is damaged");
    }

    private static void ReadPasses(Stream inflated, PngHeader header, PngPixels pixels, ImageBuffer image)
    {
        foreach ((int x, int y, int stepX, int stepY) in header.IsInterlaced ? Passes : [(0, 0, 1, 1)])
        {
            int width = (header.Width - x + stepX - 1) / stepX;
            if (width <= 0)
                continue;
            int rowBytes = (width * header.BitsPerPixel + 7) / 8;
            byte[] row = new byte[rowBytes], above = new byte[rowBytes];
            for (int line = y; line < header.Height; line += stepY)
            {
                int filter = inflated.ReadByte();
                inflated.ReadExactly(row);
                Unfilter(filter, row, above, Math.Max(1, header.BitsPerPixel / 8));
                pixels.Put(row, image.Raw.Slice(line * image.Width * image.Channels, image.Width * image.Channels), x, stepX, width);
                (row, above) = (above, row);
            }
        }
    }

    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int step)
    {
        if (filter is < 0 or > 4)
            throw new InvalidDataException();
        for (int i = 0; i < row.Length && filter != 0; i++)
        {
            int left = i >= step ? row[i - step] : 0;
            int aboveLeft = i >= step ? above[i - step] : 0;
            row[i] += (byte)(filter switch
            {
                1 => left,
                2 => above[i],
                3 => (left + above[i]) / 2,
                _ => Paeth(left, above[i], aboveLeft),
            });
        }
    }

    private static int Paeth(int left, int above, int aboveLeft)
    {
        int guess = left + above - aboveLeft;
        (int toLeft, int toAbove, int toAboveLeft) = (Math.Abs(guess - left), Math.Abs(guess - above), Math.Abs(guess - aboveLeft));
        return toLeft <= toAbove && toLeft <= toAboveLeft ? left : toAbove <= toAboveLeft ? above : aboveLeft;
    }

    internal static SdException Invalid(string why, Exception? inner = null) =>
        new(SdError.ImageFileInvalid, $"The image cannot be read: {why}. Give a whole PNG file, or the {nameof(ImageFormat)} of another kind.", inner);
}
