namespace SdCpp.Interop;

/// <summary>A person to generate with FLUX (<see cref="DiffusionModelOptions.PulidPath"/>).</summary>
/// <param name="EmbeddingPath">The file of the person's embedding: GGUF with a tensor <c>pulid_id</c> of 1 to 1024 (published: 32) × 2048 numbers, f32, f16 or bf16.</param>
/// <param name="Weight">How strongly, 0 to 10.</param>
public sealed record PulidIdentity(string EmbeddingPath, float Weight = 1);
