namespace SdCpp.Interop;

/// <summary>What the header of a PNG file says.</summary>
internal sealed record PngHeader(int Width, int Height, int Depth, int ColorType, bool IsInterlaced)
{
    /// <summary>Numbers of a pixel: grey, palette index, RGB, grey and alpha, RGB and alpha.</summary>
    public int Samples => ColorType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    public int BitsPerPixel => Depth * Samples;
}

/// <summary>Turns the rows of a PNG file into pixels of 8 bits a channel, seen on white.</summary>
internal sealed class PngPixels(PngHeader header, byte[] palette, byte[] transparency, int channels)
{
    private readonly int[] _samples = new int[4];

    /// <summary>Puts the pixels of a row into every <paramref name="step"/>-th pixel of an image's row.</summary>
    public void Put(ReadOnlySpan<byte> row, Span<byte> to, int first, int step, int count)
    {
        for (int i = 0; i < count; i++)
        {
            for (int sample = 0; sample < header.Samples; sample++)
                _samples[sample] = Sample(row, i * header.Samples + sample);
            (int red, int green, int blue, int alpha) = Colour();
            int at = (first + i * step) * channels;
            if (channels == 3)
            {
                to[at] = OnWhite(red, alpha);
                to[at + 1] = OnWhite(green, alpha);
                to[at + 2] = OnWhite(blue, alpha);
            }
            else
            {
                // The luma of BT.601, which is what tools make of a coloured mask.
                to[at] = OnWhite((red * 299 + green * 587 + blue * 114 + 500) / 1000, alpha);
            }
        }
    }

    private static byte OnWhite(int value, int alpha) => (byte)((value * alpha + 255 * (255 - alpha) + 127) / 255);

    private int Sample(ReadOnlySpan<byte> row, int index)
    {
        switch (header.Depth)
        {
            case 16:
                return row[index * 2] << 8 | row[index * 2 + 1];
            case 8:
                return row[index];
            default:
                int bit = index * header.Depth;
                return row[bit / 8] >> (8 - header.Depth - bit % 8) & ((1 << header.Depth) - 1);
        }
    }

    private (int Red, int Green, int Blue, int Alpha) Colour()
    {
        switch (header.ColorType)
        {
            case 3:
                int entry = _samples[0];
                return entry * 3 + 2 < palette.Length
                    ? (palette[entry * 3], palette[entry * 3 + 1], palette[entry * 3 + 2], entry < transparency.Length ? transparency[entry] : 255)
                    : throw new InvalidDataException();
            case 0 or 4:
                int grey = To8(_samples[0]);
                return (grey, grey, grey, header.ColorType == 4 ? To8(_samples[1]) : IsTransparent(1) ? 0 : 255);
            default:
                return (To8(_samples[0]), To8(_samples[1]), To8(_samples[2]), header.ColorType == 6 ? To8(_samples[3]) : IsTransparent(3) ? 0 : 255);
        }
    }

    private int To8(int sample) => header.Depth switch { 16 => (sample * 255 + 32767) / 65535, 8 => sample, _ => sample * 255 / ((1 << header.Depth) - 1) };

    // One colour may be named as transparent.
    private bool IsTransparent(int count)
    {
        if (transparency.Length < count * 2)
            return false;
        for (int i = 0; i < count; i++)
        {
            if (_samples[i] != (transparency[i * 2] << 8 | transparency[i * 2 + 1]))
                return false;
        }

        return true;
    }
}
