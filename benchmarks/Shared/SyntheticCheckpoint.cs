using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace SdStudio.Benchmarks;

/// <summary>
/// A checkpoint with the tensors of a real model under their own names and sizes, F16 with random values: it generates noise, and loads and
/// computes as long as the real one.
/// </summary>
internal abstract class SyntheticCheckpoint
{
    private const int VaeChannels = 128;
    private static readonly int[] VaeMultiples = [1, 2, 4, 4];
    private readonly List<(string Name, int[] Shape)> _tensors = [];

    /// <summary>Bytes of the weights.</summary>
    public long Bytes => _tensors.Sum(tensor => Count(tensor.Shape) * 2);

    /// <summary>Writes the checkpoint as safetensors.</summary>
    /// <param name="path">The file.</param>
    public void Write(string path)
    {
        var header = new StringBuilder("{");
        long at = 0;
        foreach ((string name, int[] shape) in _tensors)
        {
            long end = at + (Count(shape) * 2);
            header.Append(header.Length > 1 ? "," : "").Append(FormattableString.Invariant($"\"{name}\":{{\"dtype\":\"F16\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{at},{end}]}}"));
            at = end;
        }

        byte[] text = Encoding.ASCII.GetBytes(header.Append('}').ToString());
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        file.Write(length);
        file.Write(text);
        var random = new Random(1);
        foreach ((string name, int[] shape) in _tensors)
            WriteValues(file, name, shape, random);
    }

    // Norms of one, biases of zero and weights that keep the size of what passes through: no value leaves the range of F16.
    private static void WriteValues(FileStream file, string name, int[] shape, Random random)
    {
        const int TableSize = 1 << 17;
        long count = Count(shape);
        Half[] values = ArrayPool<Half>.Shared.Rent((int)Math.Min(count, TableSize));
        Span<Half> table = values.AsSpan(0, (int)Math.Min(count, TableSize));
        double scale = 1 / Math.Sqrt(Count(shape) / (double)shape[0]);
        bool isBias = name.EndsWith("bias", StringComparison.Ordinal);
        for (int i = 0; i < table.Length; i++)
            table[i] = isBias ? Half.Zero : shape.Length == 1 ? Half.One : (Half)(((random.NextDouble() * 2) - 1) * scale);
        for (long left = count; left > 0; left -= table.Length)
            file.Write(MemoryMarshal.AsBytes(table[..(int)Math.Min(left, table.Length)]));
        ArrayPool<Half>.Shared.Return(values);
    }

    private static long Count(int[] shape) => shape.Aggregate(1L, (product, side) => product * side);

    /// <summary>CLIP-L, the text encoder of SD 1.x and the first of SDXL.</summary>
    protected void ClipL(string p)
    {
        const int Words = 768;
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

    /// <summary>The autoencoder, which SD 1.x and SDXL have alike.</summary>
    protected void Vae(string p)
    {
        int wide = VaeChannels * VaeMultiples[^1];
        Conv(p + "encoder.conv_in", VaeChannels, 3, 3);
        int channels = VaeChannels;
        for (int level = 0; level < VaeMultiples.Length; level++)
        {
            for (int i = 0; i < 2; i++)
            {
                VaeResidual($"{p}encoder.down.{level}.block.{i}", channels, VaeChannels * VaeMultiples[level]);
                channels = VaeChannels * VaeMultiples[level];
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
                VaeResidual($"{p}decoder.up.{level}.block.{i}", channels, VaeChannels * VaeMultiples[level]);
                channels = VaeChannels * VaeMultiples[level];
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

    protected void Conv(string p, int to, int from, int side)
    {
        Add(p + ".weight", to, from, side, side);
        Add(p + ".bias", to);
    }

    protected void Linear(string p, int to, int from)
    {
        Add(p + ".weight", to, from);
        Add(p + ".bias", to);
    }

    protected void Norm(string p, int channels)
    {
        Add(p + ".weight", channels);
        Add(p + ".bias", channels);
    }

    protected void Add(string name, params int[] shape) => _tensors.Add((name, shape));
}
