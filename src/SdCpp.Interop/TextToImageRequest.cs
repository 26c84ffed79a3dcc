namespace SdCpp.Interop;

/// <summary>A picture from words.</summary>
public sealed record TextToImageRequest : ImageRequest;
