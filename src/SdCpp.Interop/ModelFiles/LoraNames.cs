namespace SdCpp.Interop;

/// <summary>Brings the many ways to write a LoRA's names to one, so that they can be compared with a model's.</summary>
internal static class LoraNames
{
    // Longest first: some begin with others, some stand one behind another.
    private static readonly string[] Prefixes =
    [
        "lycoris_", "lycoris.", "lora.", "base_model.model.", "model.diffusion_model.", "diffusion_model.", "transformer.", "unet.",
        "text_encoders.", "text_encoder_2.", "text_encoder.", "lora_unet_", "lora_transformer_", "lora_te1_", "lora_te2_", "lora_te_",
    ];

    private static readonly string[] UnetBlocks = ["down_blocks", "up_blocks", "mid_block", "input_blocks", "output_blocks", "middle_block"];

    private static readonly string[] InnerMarks = [".lora_", ".lora.", ".lokr_", ".hada_"];

    private static readonly string[] Endings = [".weight", ".bias", ".alpha", ".diff", ".diff_b", ".dora_scale"];

    /// <summary>The name of what a LoRA tensor changes, or of a model's tensor, without prefixes and endings, dots as underscores.</summary>
    public static string Fold(string name)
    {
        ReadOnlySpan<char> rest = WithoutPrefixes(name);
        foreach (string mark in InnerMarks)
        {
            int at = rest.LastIndexOf(mark, StringComparison.Ordinal);
            if (at > 0)
                rest = rest[..at];
        }
        return WithoutEndings(rest).ToString().Replace('.', '_');
    }

    /// <summary>A folded name up to its first number: <c>layers_0</c> of <c>layers_0_attention_qkv</c>; null without a number.</summary>
    public static string? BlockOf(string folded)
    {
        int digit = folded.AsSpan().IndexOfAnyInRange('0', '9');
        if (digit <= 0)
            return null;
        int end = folded.IndexOf('_', digit);
        return end < 0 ? folded : folded[..end];
    }

    public static bool IsForTextEncoder(string name) =>
        name.StartsWith("lora_te", StringComparison.Ordinal) || name.Contains("text_encoder", StringComparison.Ordinal);

    /// <summary>The family that a LoRA's names belong to.</summary>
    public static ModelFamily FamilyOf(TensorNames lora)
    {
        List<string> names = [.. lora.Tensors.Select(t => Fold(t.Name)).Distinct(StringComparer.Ordinal)];
        if (Any("layers_", "_attention_"))
            return ModelFamily.ZImage;
        if (Any("transformer_blocks_", "_img_mlp_") || Any("transformer_blocks_", "_img_mod_"))
            return ModelFamily.QwenImage;
        if (Any("blocks_", "_self_attn_") && Any("blocks_", "_cross_attn_"))
            return ModelFamily.Wan;
        if (Any("distilled_guidance_layer", ""))
            return ModelFamily.Chroma;
        if (Any("double_stream_modulation", "") || Any("single_transformer_blocks_", "_to_qkv_mlp_proj"))
            return ModelFamily.Flux2;
        // FLUX.1 and FLUX.2 share the names of their blocks; only the first has a modulation in each of them.
        if (Any("double_blocks_", "_mod_") || Any("single_transformer_blocks_", "_proj_mlp"))
            return ModelFamily.Flux;
        if (Any("joint_blocks_", ""))
            return ModelFamily.Sd3;
        // The second text encoder of FLUX is a T5.
        return lora.StartsWith("lora_te2_text_model") || lora.StartsWith("text_encoder_2.text_model") ? ModelFamily.Sdxl : CrossAttentionFamily(lora);

        bool Any(string start, string part) =>
            names.Exists(n => n.StartsWith(start, StringComparison.Ordinal) && n.Contains(part, StringComparison.Ordinal));
    }

    private static ModelFamily CrossAttentionFamily(TensorNames lora)
    {
        // The inner matrix is as wide as what it is applied to, and keys are made from the text encoder's output. Others than UNets have such keys too.
        ModelTensor? key = lora.Tensors.FirstOrDefault(t =>
            Array.Exists(UnetBlocks, part => t.Name.Contains(part, StringComparison.Ordinal))
            && t.Name.Contains("attn2", StringComparison.Ordinal) && t.Name.Contains("to_k", StringComparison.Ordinal)
            && (t.Name.Contains("lora_down", StringComparison.Ordinal) || t.Name.Contains("lora_A", StringComparison.Ordinal)));
        return key?.Shape is [_, long width, ..]
            ? width switch
            {
                768 => ModelFamily.Sd1,
                1024 => ModelFamily.Sd2,
                2048 => ModelFamily.Sdxl,
                _ => ModelFamily.Unknown,
            }
            : ModelFamily.Unknown;
    }

    private static ReadOnlySpan<char> WithoutPrefixes(ReadOnlySpan<char> name)
    {
        foreach (string prefix in Prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                name = name[prefix.Length..];
        }
        return name;
    }

    private static ReadOnlySpan<char> WithoutEndings(ReadOnlySpan<char> name)
    {
        foreach (string ending in Endings)
        {
            if (name.EndsWith(ending, StringComparison.Ordinal))
                name = name[..^ending.Length];
        }
        return name;
    }
}
