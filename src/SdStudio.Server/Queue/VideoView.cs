using SdStudio.Server.Generation;
using SdStudio.Server.Images.Videos;

namespace SdStudio.Server.Queue;

/// <summary>The fields of a video, in addition to those of an image.</summary>
/// <param name="Frames">How many.</param>
/// <param name="Fps">Frames per second.</param>
/// <param name="Seconds">How long it runs.</param>
/// <param name="Format">webp, apng, mp4 or webm.</param>
/// <param name="Sound">Whether the file has sound; false before it exists.</param>
/// <param name="SheetUrl">Its frames side by side; null before the video exists.</param>
/// <param name="SheetFrames">Number of frames on the sheet: all, or an even selection.</param>
/// <param name="SheetColumns">Number of frames in a row.</param>
internal sealed record VideoView(int Frames, int Fps, double Seconds, string Format, bool Sound, string? SheetUrl, int SheetFrames, int SheetColumns)
{
    /// <param name="settings">Of a job or an image; null for an image with those of its job.</param>
    /// <param name="imageId">Under which the video is listed; null before it is made.</param>
    public static VideoView? Of(GenerationSettings? settings, string? imageId) => settings?.Video is not { } video ? null : new VideoView(
        video.Frames, video.Fps, Math.Round((double)video.Frames / video.Fps, 3), video.Format, video.HasSound, imageId is null ? null : $"/api/images/{imageId}/sheet",
        VideoSheet.CountOf(video.Frames), VideoSheet.ColumnsOf(video.Frames));
}
