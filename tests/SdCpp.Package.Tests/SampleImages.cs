using NetVips;

namespace SdCpp.Package.Tests;

internal static class SampleImages
{
    /// <summary>Whether the file is what the demo model makes of "a red circle on a blue background", 256 x 256.</summary>
    public static void IsRedCircleOnBlue(string path)
    {
        using Image image = Image.NewFromFile(path, access: Enums.Access.Random, failOn: Enums.FailOn.Warning);
        Assert.Equal((256, 256, 3), (image.Width, image.Height, image.Bands));
        Assert.True(image.Getpoint(128, 128) is [> 180, < 90, < 90], $"the middle is {string.Join(' ', image.Getpoint(128, 128))}");
        foreach ((int x, int y) in new[] { (8, 8), (247, 8), (8, 247), (247, 247) })
            Assert.True(image.Getpoint(x, y) is [< 90, < 140, > 150], $"{x},{y} is {string.Join(' ', image.Getpoint(x, y))}");
    }
}
