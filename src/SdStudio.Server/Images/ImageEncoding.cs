namespace SdStudio.Server.Images;

/// <summary>How a stored image is sent.</summary>
/// <param name="Format">png, jpeg or webp; null as it is stored.</param>
/// <param name="Quality">1 to 100, of JPEG and WebP.</param>
/// <param name="Infotext">Whether its settings stay in it.</param>
internal sealed record ImageEncoding(string? Format, int Quality, bool Infotext = true);
