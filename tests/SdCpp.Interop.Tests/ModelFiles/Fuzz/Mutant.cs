namespace SdCpp.Interop.Tests;

/// <summary>Which file of the demo model, or given to it, was changed.</summary>
internal enum MutantTarget
{
    Denoiser,
    TextEncoder,
    Taesd,
    UpscalerX4,
    UpscalerX2,
    Lora,
}

/// <summary>A file with changes.</summary>
/// <param name="Target">What it stands in for.</param>
/// <param name="IsGguf">GGUF, else safetensors.</param>
/// <param name="Bytes">The file.</param>
/// <param name="HeaderBytes">How much of it is header, and perhaps some padding.</param>
/// <param name="What">What was changed.</param>
internal sealed record Mutant(MutantTarget Target, bool IsGguf, ArraySegment<byte> Bytes, int HeaderBytes, string What)
{
    public string Extension => IsGguf ? ".gguf" : ".safetensors";

    public override string ToString() => $"{Target} {Extension} {What}";
}
