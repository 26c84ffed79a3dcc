using SdStudio.Server.Generation;

namespace SdStudio.Server.Images.Videos;

/// <summary>The formats of videos as files.</summary>
internal static class VideoFormats
{
    /// <summary>Animated WebP: every browser shows it, and nothing else is needed to write it.</summary>
    public const string Webp = "webp";

    /// <summary>Animated PNG: every pixel as the model made it.</summary>
    public const string Apng = "apng";

    /// <summary>H.264; ffmpeg writes it.</summary>
    public const string Mp4 = "mp4";

    /// <summary>VP9; ffmpeg writes it.</summary>
    public const string Webm = "webm";

    /// <summary>Those that need no other program.</summary>
    public static readonly string[] Own = [Webp, Apng];

    public static readonly string[] All = [Webp, Apng, Mp4, Webm];

    public static string MimeTypeOf(string format) => format is Mp4 or Webm ? $"video/{format}" : $"image/{format}";

    /// <summary>Without its point.</summary>
    public static string ExtensionOf(string format) => format == Apng ? ImageFormats.Png : format;

    /// <summary>Of the files of a job, without its point.</summary>
    public static string ExtensionOf(GenerationSettings settings) => settings.Video is { } video ? ExtensionOf(video.Format) : ImageFormats.Png;
}
