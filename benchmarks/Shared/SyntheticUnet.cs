namespace SdStudio.Benchmarks;

/// <summary>A checkpoint whose denoiser is the U-Net that SD 1.x and SDXL share: what differs are widths and depths.</summary>
/// <param name="multiples">The width of each level, in 320 channels.</param>
/// <param name="depths">The transformer blocks of each level; 0 for a level without attention.</param>
/// <param name="words">The width of the text encoding.</param>
/// <param name="hasLinearProjections">Whether the projections around the transformer blocks are linear layers instead of 1 × 1 convolutions.</param>
internal abstract class SyntheticUnet(int[] multiples, int[] depths, int words, bool hasLinearProjections) : SyntheticCheckpoint
{
    private const int Channels = 320;
    private const int BlocksPerLevel = 2;

    /// <summary>The width of the encoding of time.</summary>
    protected const int Time = 1280;

    private int Last => multiples.Length - 1;

    /// <summary>The U-Net's tensors.</summary>
    /// <param name="p">What their names begin with.</param>
    protected void Denoiser(string p)
    {
        Linear(p + "time_embed.0", Time, Channels);
        Linear(p + "time_embed.2", Time, Time);
        Conv(p + "input_blocks.0.0", Channels, 4, 3);
        Stack<int> skips = Down(p);
        int channels = Channels * multiples[^1];
        // The middle has attention even where the lowest level has none, as in SD 1.x.
        Residual(p + "middle_block.0", channels, channels);
        Attention(p + "middle_block.1", channels, Math.Max(1, depths[^1]));
        Residual(p + "middle_block.2", channels, channels);
        Up(p, skips, channels);
        Norm(p + "out.0", Channels);
        Conv(p + "out.2", 4, Channels, 3);
    }

    private Stack<int> Down(string p)
    {
        var skips = new Stack<int>([Channels]);
        int channels = Channels;
        int block = 1;
        for (int level = 0; level <= Last; level++)
        {
            int wide = Channels * multiples[level];
            for (int i = 0; i < BlocksPerLevel; i++, block++)
            {
                Residual($"{p}input_blocks.{block}.0", channels, wide);
                if (depths[level] > 0)
                    Attention($"{p}input_blocks.{block}.1", wide, depths[level]);
                channels = wide;
                skips.Push(channels);
            }

            if (level < Last)
            {
                Conv($"{p}input_blocks.{block++}.0.op", channels, channels, 3);
                skips.Push(channels);
            }
        }

        return skips;
    }

    private void Up(string p, Stack<int> skips, int channels)
    {
        int block = 0;
        for (int level = Last; level >= 0; level--)
        {
            int wide = Channels * multiples[level];
            for (int i = 0; i <= BlocksPerLevel; i++, block++)
            {
                Residual($"{p}output_blocks.{block}.0", channels + skips.Pop(), wide);
                channels = wide;
                if (depths[level] > 0)
                    Attention($"{p}output_blocks.{block}.1", wide, depths[level]);
                if (i == BlocksPerLevel && level > 0)
                    Conv($"{p}output_blocks.{block}.{(depths[level] > 0 ? 2 : 1)}.conv", wide, wide, 3);
            }
        }
    }

    private void Residual(string p, int from, int to)
    {
        Norm(p + ".in_layers.0", from);
        Conv(p + ".in_layers.2", to, from, 3);
        Linear(p + ".emb_layers.1", to, Time);
        Norm(p + ".out_layers.0", to);
        Conv(p + ".out_layers.3", to, to, 3);
        if (from != to)
            Conv(p + ".skip_connection", to, from, 1);
    }

    private void Attention(string p, int channels, int depth)
    {
        Norm(p + ".norm", channels);
        Projection(p + ".proj_in", channels);
        for (int block = 0; block < depth; block++)
            TransformerBlock($"{p}.transformer_blocks.{block}.", channels);
        Projection(p + ".proj_out", channels);
    }

    private void TransformerBlock(string p, int channels)
    {
        foreach ((string name, int context) in new[] { ("attn1", channels), ("attn2", words) })
        {
            Add($"{p}{name}.to_q.weight", channels, channels);
            Add($"{p}{name}.to_k.weight", channels, context);
            Add($"{p}{name}.to_v.weight", channels, context);
            Linear($"{p}{name}.to_out.0", channels, channels);
        }

        Linear(p + "ff.net.0.proj", channels * 8, channels);
        Linear(p + "ff.net.2", channels, channels * 4);
        foreach (string norm in new[] { "norm1", "norm2", "norm3" })
            Norm(p + norm, channels);
    }

    private void Projection(string p, int channels)
    {
        if (hasLinearProjections)
            Linear(p, channels, channels);
        else
            Conv(p, channels, channels, 1);
    }
}
