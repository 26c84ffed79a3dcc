namespace SdStudio.Server.Images;

/// <summary>The formats of images that are sent.</summary>
internal static class ImageFormats
{
    public const string Png = "png";
    public const string Jpeg = "jpeg";
    public const string Webp = "webp";

    public static readonly string[] All = [Png, Jpeg, Webp];
}
