namespace SdStudio.Server.Images.Videos;

/// <summary>Which frames of a video stand side by side, and how large.</summary>
/// <param name="Frames">Their numbers, counted from 0, in their order.</param>
/// <param name="Fps">Of the video.</param>
/// <param name="Width">Of each, pixels.</param>
/// <param name="Height">Of each, pixels.</param>
/// <param name="Columns">Number of frames in a row.</param>
internal sealed record VideoSheet(IReadOnlyList<int> Frames, double Fps, int Width, int Height, int Columns)
{
    /// <summary>Most frames of a sheet; of longer videos some are left out, evenly.</summary>
    public const int MaxFrames = 64;

    /// <summary>Longer side of a frame on a sheet, pixels.</summary>
    public const int Side = 256;

    private const int InRow = 8;

    /// <summary>How many frames stand on the sheet of a video.</summary>
    public static int CountOf(int frames) => Math.Min(frames, MaxFrames);

    /// <summary>How many of them stand in a row.</summary>
    public static int ColumnsOf(int frames) => Math.Min(frames, InRow);

    /// <summary>The sheet of a video: all its frames, or as many as there is room for, the first and the last among them.</summary>
    public static VideoSheet All(int frames, double fps, int width, int height)
    {
        int count = CountOf(frames);
        List<int> shown = [.. Enumerable.Range(0, count).Select(index => count == 1 ? 0 : (int)Math.Round((double)index * (frames - 1) / (count - 1)))];
        return Sized(shown, fps, width, height, Side, ColumnsOf(frames));
    }

    /// <summary>One frame.</summary>
    public static VideoSheet One(int frame, double fps, int width, int height, int side) => Sized([frame], fps, width, height, side, columns: 1);

    private static VideoSheet Sized(IReadOnlyList<int> frames, double fps, int width, int height, int side, int columns)
    {
        double scale = Math.Min(1, (double)side / Math.Max(width, height));
        return new VideoSheet(frames, fps, Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)), columns);
    }
}
