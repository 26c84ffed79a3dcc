namespace SdCpp.Interop.Tests;

/// <summary>Looks at RGB pixels the way a person would: what colour is where, and how much of it.</summary>
internal sealed class RgbImage(byte[] rgb, int width, int height)
{
    public byte[] Middle => Mean(width / 2 - 2, height / 2 - 2, 4, 4);

    public byte[] Corner => Mean(1, 1, 4, 4);

    /// <summary>The part of all pixels that is nearer to the middle's colour than to the corner's.</summary>
    public double ShapeArea
    {
        get
        {
            byte[] inside = Middle, outside = Corner;
            int count = 0;
            for (int i = 0; i < rgb.Length; i += 3)
            {
                if (Distance(rgb.AsSpan(i, 3), inside) < Distance(rgb.AsSpan(i, 3), outside))
                    count++;
            }

            return (double)count / (width * height);
        }
    }

    public bool IsShapeAt(double x, double y)
    {
        int i = ((int)(y * height) * width + (int)(x * width)) * 3;
        return Distance(rgb.AsSpan(i, 3), Middle) < Distance(rgb.AsSpan(i, 3), Corner);
    }

    public static double MeanDifference(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Assert.Equal(a.Length, b.Length);
        long sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += Math.Abs(a[i] - b[i]);
        return (double)sum / a.Length;
    }

    private static int Distance(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) =>
        Math.Abs(a[0] - b[0]) + Math.Abs(a[1] - b[1]) + Math.Abs(a[2] - b[2]);

    private byte[] Mean(int left, int top, int columns, int rows)
    {
        var mean = new byte[3];
        for (int c = 0; c < 3; c++)
        {
            int sum = 0;
            for (int y = top; y < top + rows; y++)
            {
                for (int x = left; x < left + columns; x++)
                    sum += rgb[(y * width + x) * 3 + c];
            }

            mean[c] = (byte)(sum / (columns * rows));
        }

        return mean;
    }
}
