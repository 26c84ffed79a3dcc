namespace SdCpp.Interop;

/// <summary>A person to draw with FLUX (<see cref="DiffusionModelOptions.PulidPath"/>).</summary>
/// <param name="EmbeddingPath">The file of the person's embedding.</param>
/// <param name="Weight">How strongly, 0 to 10.</param>
public sealed record PulidIdentity(string EmbeddingPath, float Weight = 1);
