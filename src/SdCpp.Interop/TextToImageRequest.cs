namespace SdCpp.Interop;

/// <summary>An image from words.</summary>
public sealed record TextToImageRequest : ImageRequest;
