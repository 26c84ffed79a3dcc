using static SdCpp.Interop.DenoiserChannel;

namespace SdCpp.Interop;

/// <summary>
/// One attention layer of the denoiser, of two heads with 128 values each, written head by head.
/// </summary>
/// <remarks>
/// The engine rotates each pair of values (2i, 2i + 1) of queries and keys by position × ω (RoPE); there are three axes: a text token lies
/// at (its number, 0, 0), an image token at (one past the text, row, column). <see cref="Plane"/> names the pairs. A query that lies on the
/// first value of a pair and a key on the first value have the product cos(ω·distance); with the key on the second value it is ±
/// sin(ω·distance). Queries and keys are normalised to length √128 × norm weight, whatever is written here: only directions count. A token
/// with no key at all has logit 0.
/// </remarks>
internal sealed class DenoiserAttention
{
    internal const int HeadSize = 128;
    internal const int Heads = 2;

    // The gain keeps the values small beside the stabiliser, so that the norm after the layer hardly depends on them.
    private const double ValueGain = 0.05;

    private const int KeyRows = Heads * HeadSize;
    private const int ValueRows = 2 * Heads * HeadSize;

    private readonly Tensor _qkv;
    private readonly Tensor _output;
    private readonly Tensor _outputNorm;
    private readonly int[] _used = new int[Heads];

    /// <summary>Takes over an empty layer.</summary>
    /// <param name="block">The layer's tensors.</param>
    /// <param name="sharpness">The norm weight of queries and of keys: logits reach sharpness² · √128.</param>
    internal DenoiserAttention(DenoiserBlock block, float sharpness)
    {
        (_qkv, _output, _outputNorm) = (block.Qkv, block.AttentionOutput, block.AttentionOutputNorm);
        block.QueryNorm.Data.AsSpan().Fill(sharpness);
        block.KeyNorm.Data.AsSpan().Fill(sharpness);
        _outputNorm.Data.AsSpan().Clear();
        // A value that is 1 in every token is 1 however attention weighs the tokens.
        var one = AddValue(0, One, 1 / DemoDenoiser.Level);
        for (var i = 0; i < StabiliserCount; i++) _output[Stabiliser + i, one] = 1;
    }

    /// <summary>The planes in which RoPE turns, as the first of two values; plane 0 of an axis turns fastest.</summary>
    internal static class Plane
    {
        internal static int Sequence(int index) => 2 * index;

        internal static int Row(int index) => 32 + (2 * index);

        internal static int Column(int index) => 80 + (2 * index);
    }

    /// <summary>Adds weight × channel to one value of the query.</summary>
    internal void Query(int head, int value, int channel, double weight = 1) => Add((head * HeadSize) + value, channel, weight);

    /// <summary>Adds weight × channel to one value of the key.</summary>
    internal void Key(int head, int value, int channel, double weight = 1) => Add(KeyRows + (head * HeadSize) + value, channel, weight);

    /// <summary>Adds gain × Σ weightᵢ × (channelᵢ, averaged by attention) to a channel of the stream.</summary>
    internal void Copy(int head, int to, double gain, params ReadOnlySpan<(int Channel, double Weight)> from)
    {
        var slot = AddValue(head, from[0].Channel, from[0].Weight * ValueGain);
        foreach (var (channel, weight) in from[1..])
            _qkv[ValueRows + slot, channel] += (float)(weight * ValueGain * DemoDenoiser.Norm);
        _output[to, slot] = 1;
        _outputNorm[to] = (float)(gain * DemoDenoiser.StabiliserNorm / ValueGain);
    }

    private int AddValue(int head, int channel, double weight)
    {
        var slot = (head * HeadSize) + _used[head]++;
        Add(ValueRows + slot, channel, weight);
        return slot;
    }

    // The layer sees the stream divided by Norm.
    private void Add(int row, int channel, double weight) => _qkv[row, channel] += (float)(weight * DemoDenoiser.Norm);
}
