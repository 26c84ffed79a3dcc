using System.Globalization;

namespace SdCpp.Interop;

/// <summary>
/// The tensors of families whose sizes the engine takes from the file, and gives up the process where they do not fit. Families that it
/// has fixed sizes for need no check here: it compares each tensor itself, and says which one is wrong.
/// </summary>
internal static class ModelLayouts
{
    /// <summary>Z-Image: the sizes that follow from its width, the width of its text encoder and the number of its layers.</summary>
    public static IEnumerable<(string Name, long[] Shape)> ZImage(long width, long text, int layers, int refiners)
    {
        // Four pixels of 16 latent channels make a patch.
        const long Patch = 64;
        const long Frequencies = 256;
        long time = Math.Min(width, 1024);
        yield return ("x_embedder.weight", [width, Patch]);
        yield return ("x_embedder.bias", [width]);
        yield return ("cap_embedder.0.weight", [text]);
        yield return ("cap_embedder.1.weight", [width, text]);
        yield return ("cap_embedder.1.bias", [width]);
        yield return ("x_pad_token", [width]);
        yield return ("cap_pad_token", [width]);
        yield return ("t_embedder.mlp.0.weight", [time, Frequencies]);
        yield return ("t_embedder.mlp.0.bias", [time]);
        yield return ("t_embedder.mlp.2.weight", [Frequencies, time]);
        yield return ("t_embedder.mlp.2.bias", [Frequencies]);
        yield return ("final_layer.linear.weight", [Patch, width]);
        yield return ("final_layer.linear.bias", [Patch]);
        yield return ("final_layer.adaLN_modulation.1.weight", [width, Frequencies]);
        yield return ("final_layer.adaLN_modulation.1.bias", [width]);
        foreach ((string, long[]) tensor in Blocks("noise_refiner", refiners, width, isModulated: true)
            .Concat(Blocks("context_refiner", refiners, width, isModulated: false)).Concat(Blocks("layers", layers, width, isModulated: true)))
        {
            yield return tensor;
        }
    }

    /// <summary>Qwen3 as llama.cpp writes it, or as its authors do.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Qwen3(bool isLlama, long rows, long width, long heads, long feedForward, int layers)
    {
        const long KeyWidth = 8 * ModelFileChecks.Head;
        yield return (isLlama ? "token_embd.weight" : "embed_tokens.weight", [rows, width]);
        yield return (isLlama ? "output_norm.weight" : "norm.weight", [width]);
        for (int i = 0; i < layers; i++)
        {
            string layer = isLlama ? $"blk.{i}." : $"layers.{i}.";
            yield return (layer + (isLlama ? "attn_q.weight" : "self_attn.q_proj.weight"), [heads, width]);
            yield return (layer + (isLlama ? "attn_k.weight" : "self_attn.k_proj.weight"), [KeyWidth, width]);
            yield return (layer + (isLlama ? "attn_v.weight" : "self_attn.v_proj.weight"), [KeyWidth, width]);
            yield return (layer + (isLlama ? "attn_output.weight" : "self_attn.o_proj.weight"), [width, heads]);
            yield return (layer + (isLlama ? "attn_q_norm.weight" : "self_attn.q_norm.weight"), [ModelFileChecks.Head]);
            yield return (layer + (isLlama ? "attn_k_norm.weight" : "self_attn.k_norm.weight"), [ModelFileChecks.Head]);
            yield return (layer + (isLlama ? "ffn_gate.weight" : "mlp.gate_proj.weight"), [feedForward, width]);
            yield return (layer + (isLlama ? "ffn_up.weight" : "mlp.up_proj.weight"), [feedForward, width]);
            yield return (layer + (isLlama ? "ffn_down.weight" : "mlp.down_proj.weight"), [width, feedForward]);
            yield return (layer + (isLlama ? "attn_norm.weight" : "input_layernorm.weight"), [width]);
            yield return (layer + (isLlama ? "ffn_norm.weight" : "post_attention_layernorm.weight"), [width]);
        }
    }

    /// <summary>ESRGAN in the layout that the engine reads.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Esrgan(int blocks, int doublings)
    {
        foreach ((string name, long to, long from) in EsrganConvolutions(blocks, doublings))
        {
            yield return (name + ".weight", [to, from, 3, 3]);
            yield return (name + ".bias", [to]);
        }
    }

    /// <summary>The number of layers that begin with this: one more than the largest number behind it.</summary>
    public static int Count(TensorNames names, string beginning)
    {
        int count = 0;
        foreach (ModelTensor tensor in names.Tensors)
        {
            if (!tensor.Name.StartsWith(beginning, StringComparison.Ordinal))
                continue;
            ReadOnlySpan<char> rest = tensor.Name.AsSpan(beginning.Length);
            int dot = rest.IndexOf('.');
            if (dot > 0 && int.TryParse(rest[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                count = Math.Max(count, number + 1);
        }
        return count;
    }

    /// <summary>The first tensor that is missing or of another shape, in words; null if all are right.</summary>
    public static string? FirstFault(ModelFileInfo file, TensorNames names, string prefix, string what, IEnumerable<(string Name, long[] Shape)> layout)
    {
        foreach ((string name, long[] shape) in layout)
        {
            if (names.Exact(prefix + name) is not { } tensor)
                return $"{file.Path} lacks tensor {ModelFileErrors.Quoted(prefix + name)}, which {what} has.";
            if (!Plain(tensor.Shape).SequenceEqual(Plain(shape)))
            {
                return $"{file.Path} has a tensor {ModelFileErrors.Quoted(tensor.Name)} of {Words(tensor.Shape)}; "
                    + $"{what} of its sizes has {Words(shape)} there.";
            }
        }
        return null;
    }

    // Outer dimensions of 1 are written by some and left out by others.
    private static IEnumerable<long> Plain(IReadOnlyList<long> shape) => shape.SkipWhile((size, i) => size == 1 && i < shape.Count - 1);

    private static string Words(IReadOnlyList<long> shape) => shape.Count == 0 ? "one number" : string.Join(" × ", shape);

    private static IEnumerable<(string Name, long To, long From)> EsrganConvolutions(int blocks, int doublings)
    {
        const long Features = 64;
        const long Growth = 32;
        yield return ("conv_first", Features, 3);
        yield return ("conv_body", Features, Features);
        yield return ("conv_hr", Features, Features);
        yield return ("conv_last", 3, Features);
        for (int i = 1; i <= doublings; i++)
            yield return ($"conv_up{i}", Features, Features);
        for (int i = 0; i < blocks * 15; i++)
        {
            int layer = i % 5;
            yield return ($"body.{i / 15}.rdb{(i / 5 % 3) + 1}.conv{layer + 1}", layer == 4 ? Features : Growth, Features + (layer * Growth));
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> Blocks(string name, int count, long width, bool isModulated)
    {
        // Eight thirds of the width, rounded up to a multiple of 256.
        long feedForward = ((width * 8 / 3) + 255) / 256 * 256;
        for (int i = 0; i < count; i++)
        {
            string block = $"{name}.{i}.";
            yield return (block + "attention.qkv.weight", [3 * width, width]);
            yield return (block + "attention.out.weight", [width, width]);
            yield return (block + "attention.q_norm.weight", [ModelFileChecks.Head]);
            yield return (block + "attention.k_norm.weight", [ModelFileChecks.Head]);
            yield return (block + "feed_forward.w1.weight", [feedForward, width]);
            yield return (block + "feed_forward.w2.weight", [width, feedForward]);
            yield return (block + "feed_forward.w3.weight", [feedForward, width]);
            foreach (string norm in new[] { "attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2" })
                yield return ($"{block}{norm}.weight", [width]);
            if (isModulated)
            {
                yield return (block + "adaLN_modulation.0.weight", [4 * width, 256]);
                yield return (block + "adaLN_modulation.0.bias", [4 * width]);
            }
        }
    }
}
