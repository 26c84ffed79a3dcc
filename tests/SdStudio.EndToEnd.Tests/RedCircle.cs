using NetVips;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What the demo model generates for "a red circle on a blue background".</summary>
internal static class RedCircle
{
    private static readonly double[] Red = [219, 26, 31];
    private static readonly double[] Blue = [31, 71, 219];

    public static bool IsOn(byte[] file)
    {
        using Image image = Image.NewFromBuffer(file);
        return Near(image[image.Width / 2, image.Height / 2], Red) && Near(image[image.Width / 20, image.Height / 20], Blue);
    }

    private static bool Near(double[] actual, double[] expected) => expected.Zip(actual).All(pair => Math.Abs(pair.First - pair.Second) < 60);
}
