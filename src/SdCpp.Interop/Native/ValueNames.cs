using System.Collections.Frozen;

namespace SdCpp.Interop.Native;

/// <summary>
/// What people and other programs write for the engine's names: other cases, labels, abbreviations. Whether the engine has what comes of it
/// is the bridge's to say.
/// </summary>
internal static class ValueNames
{
    private static readonly FrozenSet<string> Enumerations = FrozenSet.Create(
        StringComparer.Ordinal, "wtype", "rng_type", "sampler_rng_type", "prediction", "lora_apply_mode", "vae_format", "split_mode", "cache.mode", "hires.upscaler");

    // By the plain form of what is written; what is not here is its own plain form.
    private static readonly FrozenDictionary<string, string> Known = new Dictionary<string, string>
    {
        ["wtype:fp16"] = "f16", ["wtype:float16"] = "f16", ["wtype:half"] = "f16", ["wtype:fp32"] = "f32", ["wtype:float32"] = "f32", ["wtype:float"] = "f32", ["wtype:bfloat16"] = "bf16",
        ["wtype:q2_k"] = "q2_K", ["wtype:q3_k"] = "q3_K", ["wtype:q4_k"] = "q4_K", ["wtype:q5_k"] = "q5_K", ["wtype:q6_k"] = "q6_K", ["wtype:q8_k"] = "q8_K",
        ["prediction:epsilon"] = "eps", ["prediction:v_prediction"] = "v", ["prediction:flux"] = "flux_flow", ["prediction:sd3"] = "sd3_flow",
        ["rng_type:gpu"] = "cuda", ["sampler_rng_type:gpu"] = "cuda", ["rng_type:std"] = "std_default", ["sampler_rng_type:std"] = "std_default",
        ["cache.mode:cache_dit"] = "cache-dit", ["cache.mode:none"] = "disabled", ["cache.mode:off"] = "disabled",
        ["hires.upscaler:lanczos"] = "Lanczos", ["hires.upscaler:nearest"] = "Nearest", ["hires.upscaler:model"] = "Model", ["hires.upscaler:none"] = "None", ["hires.upscaler:latent"] = "Latent",
        ["hires.upscaler:latent_(nearest)"] = "Latent (nearest)", ["hires.upscaler:latent_(nearest_exact)"] = "Latent (nearest-exact)",
        ["hires.upscaler:latent_(antialiased)"] = "Latent (antialiased)", ["hires.upscaler:latent_(bicubic)"] = "Latent (bicubic)",
        ["hires.upscaler:latent_(bicubic_antialiased)"] = "Latent (bicubic antialiased)",
    }.ToFrozenDictionary();

    /// <summary>The engine's way to write the value of an option.</summary>
    public static string Normalize(string option, string value)
    {
        if (!Enumerations.Contains(option))
            return value;
        string plain = value.Trim().ToLowerInvariant().Replace('-', '_').Replace(' ', '_');
        if (Known.TryGetValue($"{option}:{plain}", out string? known))
            return known;
        // Of an upscaler that is not known here, the engine knows how it is written.
        return option == "hires.upscaler" || plain.Length > 64 ? value : plain;
    }
}
