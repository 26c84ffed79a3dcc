namespace SdStudio.Server.Generation;

/// <summary>The kinds of jobs, as the REST document has them.</summary>
internal static class JobType
{
    public const string Generate = "generate";
    public const string Edit = "edit";
    public const string Variation = "variation";
    public const string Upscale = "upscale";

    /// <summary>Frames that follow each other, in one file.</summary>
    public const string Video = "video";

    /// <summary>Writes a model with its weights in another type; it makes no images.</summary>
    public const string Convert = "convert";

    /// <summary>An image that was made elsewhere: nothing ran here.</summary>
    public const string Import = "import";

    /// <summary>Those that make images, or what is listed as one: a video.</summary>
    public static readonly string[] WithImages = [Generate, Edit, Variation, Upscale, Video];

    public static readonly string[] All = [.. WithImages, Convert, Import];
}
