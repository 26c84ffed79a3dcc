using System.Buffers;
using SdCpp.Interop;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Images;

/// <summary>What a masked area begins from, before anything is generated in it.</summary>
internal static class MaskContent
{
    // What latents of zeros look like through most decoders.
    private const byte Grey = 127;
    private const int NoiseSeed = 1;

    /// <summary>Writes it into an image, the more the whiter the mask is.</summary>
    public static void Apply(ImageBuffer image, ImageBuffer mask, string content)
    {
        switch (content)
        {
            case InpaintSetting.Fill:
                Surroundings(image, mask);
                break;
            case InpaintSetting.Noise:
                // The same for every image: each can be generated again by itself.
                var random = new Random(NoiseSeed);
                Mix(image, mask, _ => (byte)random.Next(256));
                break;
            case InpaintSetting.Nothing:
                Mix(image, mask, _ => Grey);
                break;
            default:
                break;
        }
    }

    // The colours around the area, ever softer towards its middle: what is not masked is averaged into images of half the size until there is
    // something everywhere, and each is then completed by the smaller one.
    private static void Surroundings(ImageBuffer image, ImageBuffer mask)
    {
        int pixels = mask.Length;
        float[] colours = ArrayPool<float>.Shared.Rent(pixels * 4);
        try
        {
            for (int i = 0; i < pixels; i++)
            {
                float weight = mask.Span[i] == 0 ? 1 : 0;
                for (int channel = 0; channel < 3; channel++)
                    colours[(i * 4) + channel] = image.Span[(i * 3) + channel] * weight;
                colours[(i * 4) + 3] = weight;
            }

            Complete(colours, image.Width, image.Height);
            Mix(image, mask, at => (byte)Math.Clamp(MathF.Round(colours[(at / 3 * 4) + (at % 3)]), 0, 255));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(colours);
        }
    }

    private static void Complete(Span<float> colours, int width, int height)
    {
        if (width == 1 && height == 1)
        {
            for (int channel = 0; channel < 3; channel++)
                colours[channel] = colours[3] > 0 ? colours[channel] / colours[3] : Grey;
            colours[3] = 1;
            return;
        }

        int halfWidth = (width + 1) / 2, halfHeight = (height + 1) / 2;
        var half = new float[halfWidth * halfHeight * 4];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                Span<float> to = half.AsSpan((((y / 2) * halfWidth) + (x / 2)) * 4, 4);
                ReadOnlySpan<float> from = colours.Slice(((y * width) + x) * 4, 4);
                for (int part = 0; part < 4; part++)
                    to[part] += from[part];
            }
        }

        for (int i = 0; i < half.Length; i += 4)
        {
            float weight = Math.Max(1, half[i + 3]);
            for (int part = 0; part < 4; part++)
                half[i + part] /= weight;
        }

        Complete(half, halfWidth, halfHeight);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                Blend(colours.Slice(((y * width) + x) * 4, 4), half, (x / 2f) - 0.25f, (y / 2f) - 0.25f, halfWidth, halfHeight);
        }
    }

    // What a pixel lacks comes from between the four nearest of the smaller image.
    private static void Blend(Span<float> to, ReadOnlySpan<float> half, float x, float y, int width, int height)
    {
        float missing = 1 - to[3];
        if (missing <= 0)
            return;
        (int left, int top) = ((int)MathF.Floor(x), (int)MathF.Floor(y));
        (float right, float bottom) = (x - left, y - top);
        for (int corner = 0; corner < 4; corner++)
        {
            int column = Math.Clamp(left + (corner & 1), 0, width - 1), row = Math.Clamp(top + (corner >> 1), 0, height - 1);
            float share = ((corner & 1) == 1 ? right : 1 - right) * ((corner >> 1) == 1 ? bottom : 1 - bottom);
            for (int channel = 0; channel < 3; channel++)
                to[channel] += missing * share * half[(((row * width) + column) * 4) + channel];
        }

        to[3] = 1;
    }

    private static void Mix(ImageBuffer image, ImageBuffer mask, Func<int, byte> content)
    {
        Span<byte> pixels = image.Span;
        ReadOnlySpan<byte> white = mask.Span;
        for (int i = 0; i < pixels.Length; i++)
        {
            if (white[i / 3] > 0)
                pixels[i] = InpaintCanvas.Between(pixels[i], content(i), white[i / 3]);
        }
    }
}
