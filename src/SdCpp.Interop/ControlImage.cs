namespace SdCpp.Interop;

/// <summary>An image that the ControlNet of the model follows (<see cref="DiffusionModelOptions.ControlNetPath"/>).</summary>
/// <param name="Image">Exactly the request's width × height, 3 channels: edges, poses, depths, as the ControlNet was trained. Only read.</param>
/// <param name="Strength">How closely it is followed, 0 to 10.</param>
public sealed record ControlImage(ImageBuffer Image, float Strength = 0.9f);
