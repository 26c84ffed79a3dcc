using SdStudio.Server.Generation;
using SdStudio.Server.Images.Videos;

namespace SdStudio.Server.Queue;

/// <summary>What answers and events tell of a video beside what they tell of an image.</summary>
/// <param name="Frames">How many.</param>
/// <param name="Fps">Of them in a second.</param>
/// <param name="Seconds">How long it runs.</param>
/// <param name="Format">webp, apng, mp4 or webm.</param>
/// <param name="Sound">Whether the file has sound; false before it is made.</param>
/// <param name="SheetUrl">Its frames side by side; null before it is made.</param>
/// <param name="SheetFrames">How many of them stand there: all, or evenly chosen ones.</param>
/// <param name="SheetColumns">How many stand in a row.</param>
internal sealed record VideoView(int Frames, int Fps, double Seconds, string Format, bool Sound, string? SheetUrl, int SheetFrames, int SheetColumns)
{
    /// <param name="settings">Of a job or an image; null for an image with those of its job.</param>
    /// <param name="imageId">Under which the video is listed; null before it is made.</param>
    public static VideoView? Of(GenerationSettings? settings, string? imageId) => settings?.Video is not { } video ? null : new VideoView(
        video.Frames, video.Fps, Math.Round((double)video.Frames / video.Fps, 3), video.Format, video.HasSound, imageId is null ? null : $"/api/images/{imageId}/sheet",
        VideoSheet.CountOf(video.Frames), VideoSheet.ColumnsOf(video.Frames));
}
