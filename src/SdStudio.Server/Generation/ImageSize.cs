using System.Globalization;

namespace SdStudio.Server.Generation;

/// <summary>Width and height as people write them: <c>512x768</c>.</summary>
internal readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>The default size of the REST document.</summary>
    public static ImageSize Default { get; } = new(512, 512);

    public static bool TryParse(string text, out ImageSize size)
    {
        size = default;
        int x = text.IndexOfAny(['x', 'X', '×']);
        if (x < 1
            || !int.TryParse(text.AsSpan(0, x), NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            || !int.TryParse(text.AsSpan(x + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int height))
        {
            return false;
        }

        size = new ImageSize(width, height);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width}x{Height}");
}
