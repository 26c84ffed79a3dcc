namespace SdStudio.Server.Images;

/// <summary>What pictures leave the server as.</summary>
internal static class ImageFormat
{
    public const string Png = "png";
    public const string Jpeg = "jpeg";
    public const string Webp = "webp";

    public static readonly string[] All = [Png, Jpeg, Webp];
}
