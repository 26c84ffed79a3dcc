namespace SdStudio.Server.Images;

/// <summary>What was sent is no image that can be read; the message names the field, what is wrong and what is allowed.</summary>
internal sealed class ImageFormatException(string message, string? detail = null) : Exception(message)
{
    public string? Detail { get; } = detail;
}
