using SdCpp.Interop;

namespace SdStudio.Server.Images.Videos;

/// <summary>Frames that follow each other, with their sound.</summary>
/// <param name="Frames">All of one size, three channels each.</param>
/// <param name="Fps">How many are shown in a second.</param>
/// <param name="Audio">Null for silence.</param>
internal sealed record VideoClip(IReadOnlyList<ImageBuffer> Frames, double Fps, VideoAudio? Audio = null)
{
    public int Width => Frames[0].Width;

    public int Height => Frames[0].Height;

    /// <summary>When a frame begins, whole milliseconds: rounding does not add up over many of them.</summary>
    public static int BeginOf(int frame, double fps) => (int)Math.Round(frame * 1000 / fps);

    /// <summary>How long a frame is shown, milliseconds.</summary>
    public static int DurationOf(int frame, double fps) => BeginOf(frame + 1, fps) - BeginOf(frame, fps);
}

/// <summary>The sound of a video.</summary>
/// <param name="Samples">-1 to 1, the channels by turns.</param>
/// <param name="Channels">How many.</param>
/// <param name="Rate">Samples of a channel in a second.</param>
internal sealed record VideoAudio(ReadOnlyMemory<float> Samples, int Channels, int Rate);
