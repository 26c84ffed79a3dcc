using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace SdStudio.Load;

/// <summary>
/// A checkpoint with the tensors of Stable Diffusion 1.5 under their own names and sizes, F16 with random values: it draws noise, and loads
/// and computes as long as the real one. Sizes: the configuration v1-inference.yaml of the model's authors.
/// </summary>
internal sealed class SyntheticSd15
{
    private const int Channels = 320;
    private const int Time = 1280;
    private const int Words = 768;
    private const int VaeChannels = 128;
    private static readonly int[] Multiples = [1, 2, 4, 4];
    private readonly List<(string Name, int[] Shape)> _tensors = [];

    private SyntheticSd15()
    {
        Denoiser("model.diffusion_model.");
        Encoder("cond_stage_model.transformer.text_model.");
        Vae("first_stage_model.");
    }

    public static void Write(string path)
    {
        List<(string Name, int[] Shape)> tensors = new SyntheticSd15()._tensors;
        var header = new StringBuilder("{");
        long at = 0;
        foreach ((string name, int[] shape) in tensors)
        {
            long end = at + (Count(shape) * 2);
            header.Append(header.Length > 1 ? "," : "").Append(FormattableString.Invariant($"\"{name}\":{{\"dtype\":\"F16\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{at},{end}]}}"));
            at = end;
        }

        byte[] text = Encoding.ASCII.GetBytes(header.Append('}').ToString());
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        file.Write(length);
        file.Write(text);
        var random = new Random(1);
        foreach ((string name, int[] shape) in tensors)
            WriteValues(file, name, shape, random);
    }

    // Norms of one, biases of zero and weights that keep the size of what passes through: no value leaves the range of F16.
    private static void WriteValues(FileStream file, string name, int[] shape, Random random)
    {
        const int TableSize = 1 << 16;
        long count = Count(shape);
        Half[] values = ArrayPool<Half>.Shared.Rent((int)Math.Min(count, TableSize));
        Span<Half> table = values.AsSpan(0, (int)Math.Min(count, TableSize));
        double scale = 1 / Math.Sqrt(Count(shape) / (double)shape[0]);
        bool isBias = name.EndsWith(".bias", StringComparison.Ordinal);
        for (int i = 0; i < table.Length; i++)
            table[i] = isBias ? Half.Zero : shape.Length == 1 ? Half.One : (Half)(((random.NextDouble() * 2) - 1) * scale);
        for (long left = count; left > 0; left -= table.Length)
            file.Write(MemoryMarshal.AsBytes(table[..(int)Math.Min(left, table.Length)]));
        ArrayPool<Half>.Shared.Return(values);
    }

    private static long Count(int[] shape) => shape.Aggregate(1L, (product, side) => product * side);

    private void Denoiser(string p)
    {
        Linear(p + "time_embed.0", Time, Channels);
        Linear(p + "time_embed.2", Time, Time);
        Conv(p + "input_blocks.0.0", Channels, 4, 3);
        List<int> skips = [Channels];
        int channels = Channels;
        int block = 1;
        for (int level = 0; level < Multiples.Length; level++)
        {
            int wide = Channels * Multiples[level];
            for (int i = 0; i < 2; i++, block++)
            {
                Residual($"{p}input_blocks.{block}.0", channels, wide);
                if (level < 3)
                    Attention($"{p}input_blocks.{block}.1", wide);
                channels = wide;
                skips.Add(channels);
            }

            if (level < 3)
            {
                Conv($"{p}input_blocks.{block++}.0.op", channels, channels, 3);
                skips.Add(channels);
            }
        }

        Residual(p + "middle_block.0", channels, channels);
        Attention(p + "middle_block.1", channels);
        Residual(p + "middle_block.2", channels, channels);
        block = 0;
        for (int level = 3; level >= 0; level--)
        {
            int wide = Channels * Multiples[level];
            for (int i = 0; i < 3; i++, block++)
            {
                Residual($"{p}output_blocks.{block}.0", channels + skips[^1], wide);
                skips.RemoveAt(skips.Count - 1);
                channels = wide;
                if (level < 3)
                    Attention($"{p}output_blocks.{block}.1", wide);
                if (i == 2 && level > 0)
                    Conv($"{p}output_blocks.{block}.{(level < 3 ? 2 : 1)}.conv", wide, wide, 3);
            }
        }

        Norm(p + "out.0", Channels);
        Conv(p + "out.2", 4, Channels, 3);
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

    private void Attention(string p, int channels)
    {
        Norm(p + ".norm", channels);
        Conv(p + ".proj_in", channels, channels, 1);
        string block = p + ".transformer_blocks.0.";
        foreach ((string name, int context) in new[] { ("attn1", channels), ("attn2", Words) })
        {
            Add($"{block}{name}.to_q.weight", channels, channels);
            Add($"{block}{name}.to_k.weight", channels, context);
            Add($"{block}{name}.to_v.weight", channels, context);
            Linear($"{block}{name}.to_out.0", channels, channels);
        }

        Linear(block + "ff.net.0.proj", channels * 8, channels);
        Linear(block + "ff.net.2", channels, channels * 4);
        foreach (string norm in new[] { "norm1", "norm2", "norm3" })
            Norm(block + norm, channels);
        Conv(p + ".proj_out", channels, channels, 1);
    }

    private void Encoder(string p)
    {
        Add(p + "embeddings.token_embedding.weight", 49408, Words);
        Add(p + "embeddings.position_embedding.weight", 77, Words);
        for (int layer = 0; layer < 12; layer++)
        {
            string l = $"{p}encoder.layers.{layer}.";
            foreach (string projection in new[] { "q_proj", "k_proj", "v_proj", "out_proj" })
                Linear($"{l}self_attn.{projection}", Words, Words);
            Linear(l + "mlp.fc1", Words * 4, Words);
            Linear(l + "mlp.fc2", Words, Words * 4);
            Norm(l + "layer_norm1", Words);
            Norm(l + "layer_norm2", Words);
        }

        Norm(p + "final_layer_norm", Words);
    }

    private void Vae(string p)
    {
        int wide = VaeChannels * Multiples[^1];
        Conv(p + "encoder.conv_in", VaeChannels, 3, 3);
        int channels = VaeChannels;
        for (int level = 0; level < Multiples.Length; level++)
        {
            for (int i = 0; i < 2; i++)
            {
                VaeResidual($"{p}encoder.down.{level}.block.{i}", channels, VaeChannels * Multiples[level]);
                channels = VaeChannels * Multiples[level];
            }

            if (level < 3)
                Conv($"{p}encoder.down.{level}.downsample.conv", channels, channels, 3);
        }

        VaeMiddle(p + "encoder.mid", wide);
        Norm(p + "encoder.norm_out", wide);
        Conv(p + "encoder.conv_out", 8, wide, 3);
        Conv(p + "quant_conv", 8, 8, 1);
        Conv(p + "post_quant_conv", 4, 4, 1);
        Conv(p + "decoder.conv_in", wide, 4, 3);
        VaeMiddle(p + "decoder.mid", wide);
        channels = wide;
        for (int level = 3; level >= 0; level--)
        {
            for (int i = 0; i < 3; i++)
            {
                VaeResidual($"{p}decoder.up.{level}.block.{i}", channels, VaeChannels * Multiples[level]);
                channels = VaeChannels * Multiples[level];
            }

            if (level > 0)
                Conv($"{p}decoder.up.{level}.upsample.conv", channels, channels, 3);
        }

        Norm(p + "decoder.norm_out", VaeChannels);
        Conv(p + "decoder.conv_out", 3, VaeChannels, 3);
    }

    private void VaeMiddle(string p, int channels)
    {
        VaeResidual(p + ".block_1", channels, channels);
        Norm(p + ".attn_1.norm", channels);
        foreach (string name in new[] { "q", "k", "v", "proj_out" })
            Conv($"{p}.attn_1.{name}", channels, channels, 1);
        VaeResidual(p + ".block_2", channels, channels);
    }

    private void VaeResidual(string p, int from, int to)
    {
        Norm(p + ".norm1", from);
        Conv(p + ".conv1", to, from, 3);
        Norm(p + ".norm2", to);
        Conv(p + ".conv2", to, to, 3);
        if (from != to)
            Conv(p + ".nin_shortcut", to, from, 1);
    }

    private void Conv(string p, int to, int from, int side)
    {
        Add(p + ".weight", to, from, side, side);
        Add(p + ".bias", to);
    }

    private void Linear(string p, int to, int from)
    {
        Add(p + ".weight", to, from);
        Add(p + ".bias", to);
    }

    private void Norm(string p, int channels)
    {
        Add(p + ".weight", channels);
        Add(p + ".bias", channels);
    }

    private void Add(string name, params int[] shape) => _tensors.Add((name, shape));
}
