namespace SdCpp.Interop;

/// <summary>The tensors of one transformer layer of the denoiser, empty: such a layer hands its input on unchanged.</summary>
internal sealed class DenoiserBlock
{
    // tanh(12) is 1 in f32.
    private const float OpenGate = 12;

    /// <summary>Adds the layer's tensors to a file.</summary>
    /// <param name="set">The file.</param>
    /// <param name="name">The layer's name, without a dot at the end.</param>
    /// <param name="isModulated">Whether the noise level modulates it: not in the layer that only text passes.</param>
    internal DenoiserBlock(TensorSet set, string name, bool isModulated = true)
    {
        const int Width = DemoDenoiser.Width;
        const int HeadsWidth = DenoiserAttention.Heads * DenoiserAttention.HeadSize;
        Qkv = set.Add($"{name}.attention.qkv.weight", GgufType.F32, 3 * HeadsWidth, Width);
        AttentionOutput = set.Add($"{name}.attention.out.weight", GgufType.F32, Width, HeadsWidth);
        QueryNorm = set.Add($"{name}.attention.q_norm.weight", Tensor.Filled(DenoiserAttention.HeadSize, 1));
        KeyNorm = set.Add($"{name}.attention.k_norm.weight", Tensor.Filled(DenoiserAttention.HeadSize, 1));
        Gate = set.Add($"{name}.feed_forward.w1.weight", GgufType.F32, DenoiserFeedForward.Units, Width);
        Down = set.Add($"{name}.feed_forward.w2.weight", GgufType.F32, Width, DenoiserFeedForward.Units);
        Up = set.Add($"{name}.feed_forward.w3.weight", GgufType.F32, DenoiserFeedForward.Units, Width);
        set.Add($"{name}.attention_norm1.weight", Tensor.Filled(Width, 1));
        set.Add($"{name}.ffn_norm1.weight", Tensor.Filled(Width, 1));
        AttentionOutputNorm = set.Add($"{name}.attention_norm2.weight", Tensor.Filled(Width, 1));
        FeedForwardOutputNorm = set.Add($"{name}.ffn_norm2.weight", Tensor.Filled(Width, 1));
        if (isModulated) AddModulation(set, name);
    }

    /// <summary>Queries, keys and values: 256 rows each.</summary>
    internal Tensor Qkv { get; }

    internal Tensor AttentionOutput { get; }

    internal Tensor QueryNorm { get; }

    internal Tensor KeyNorm { get; }

    /// <summary>The norm after the attention, before its result is added to the stream.</summary>
    internal Tensor AttentionOutputNorm { get; }

    /// <summary>What passes SiLU (w1).</summary>
    internal Tensor Gate { get; }

    /// <summary>What SiLU's result is multiplied by (w3).</summary>
    internal Tensor Up { get; }

    /// <summary>From the units back to the stream (w2).</summary>
    internal Tensor Down { get; }

    /// <summary>The norm after the feed-forward layer, before its result is added to the stream.</summary>
    internal Tensor FeedForwardOutputNorm { get; }

    // Four groups: scale and gate of the attention, scale and gate of the feed-forward layer. No weights: the noise level changes nothing.
    private static void AddModulation(TensorSet set, string name)
    {
        const int Width = DemoDenoiser.Width;
        set.Add($"{name}.adaLN_modulation.0.weight", GgufType.F32, 4 * Width, DemoSigmaFit.Units);
        var bias = set.Add($"{name}.adaLN_modulation.0.bias", new Tensor(4 * Width));
        bias.Data.AsSpan(Width, Width).Fill(OpenGate);
        bias.Data.AsSpan(3 * Width, Width).Fill(OpenGate);
    }
}
