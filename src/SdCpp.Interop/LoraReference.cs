namespace SdCpp.Interop;

/// <summary>A LoRA for one call; nothing of it stays in the model afterwards.</summary>
/// <param name="Path">A safetensors or GGUF file. It is inspected before the engine sees it.</param>
/// <param name="Multiplier">How strongly it is applied, -100 to 100; 1 is as trained.</param>
/// <param name="HighNoise">For the high-noise model of a pair (Wan 2.2), not the low-noise one.</param>
public sealed record LoraReference(string Path, float Multiplier = 1, bool HighNoise = false);
