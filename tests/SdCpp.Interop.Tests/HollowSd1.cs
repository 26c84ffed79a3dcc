using System.Runtime.InteropServices;
using System.Text;

namespace SdCpp.Interop.Tests;

/// <summary>
/// A model of the family SD 1.x in its real size whose weights are zeros but on two paths: from the noise through the first skip connection to
/// the result, and from the words' vectors through the last attention to it. Zeros are holes in the files, so they are made in no time. What it
/// generates means nothing, but a ControlNet changes it by what its image shows, as it adds to that skip connection; and as all words that it
/// was trained with are zeros, a textual inversion changes it by its vectors.
/// </summary>
internal static class HollowSd1
{
    private const int Width = 320;
    private const int Time = 1280;

    // What is no hole.
    private static readonly string[] Filled =
        ["output_blocks.11.1.transformer_blocks.0.attn2.to_v.", "output_blocks.11.1.transformer_blocks.0.attn2.to_out.", "output_blocks.11.1.proj_out.", "final_layer_norm.weight",
         "input_blocks.0.0.", "output_blocks.11.0.skip_connection.", ".out.", "zero_convs.0.", "input_hint_block.", "decoder.layers.", "encoder.layers."];

    /// <param name="folder">Where to.</param>
    /// <param name="taesd">A small decoder for other latents, whose layers are taken for those of this family.</param>
    public static DiffusionModelOptions Write(string folder, string taesd)
    {
        Directory.CreateDirectory(folder);
        string checkpoint = Path.Combine(folder, "sd1.safetensors"), decoder = Path.Combine(folder, "taesd-sd1.safetensors");
        WriteFile(checkpoint, [.. Unet("model.diffusion_model."), .. TinyFlux.ClipTensors().Select(tensor => ("cond_stage_model.transformer." + tensor.Item1, tensor.Item2))], seed: 1);
        WriteFile(decoder, [.. ModelFile.Inspect(taesd).Tensors.Select(tensor => (tensor.Name, tensor.Shape.Select(side => side == 16 ? 4 : (int)side).ToArray()))], seed: 3);
        return new DiffusionModelOptions { ModelPath = checkpoint, TaesdPath = decoder, Threads = 1 };
    }

    /// <summary>A ControlNet for it; nets of different seeds do different things.</summary>
    public static string WriteControlNet(string path, int seed)
    {
        WriteFile(path, [.. ControlNet()], seed);
        return path;
    }

    /// <summary>A textual inversion for it; those of different seeds mean different things.</summary>
    public static string WriteEmbedding(string path, int seed, bool isHalf = false)
    {
        var random = new Random(seed);
        float[] values = [.. Enumerable.Range(0, 2 * 768).Select(_ => (float)((random.NextDouble() * 2) - 1))];
        ReadOnlySpan<byte> bytes = isHalf ? MemoryMarshal.AsBytes<Half>(values.Select(value => (Half)value).ToArray()) : MemoryMarshal.AsBytes<float>(values);
        byte[] header = Encoding.UTF8.GetBytes($"{{\"emb_params\":{{\"dtype\":\"{(isHalf ? "F16" : "F32")}\",\"shape\":[2,768],\"data_offsets\":[0,{bytes.Length}]}}}}");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. bytes]);
        return path;
    }

    private static IEnumerable<(string, int[])> Unet(string prefix) =>
        Encoder().Concat(Decoder()).Append(("out.0.weight", [Width])).Append(("out.0.bias", [Width])).Concat(Convolution("out.2", 4, Width, 3))
            .Select(tensor => (prefix + tensor.Item1, tensor.Item2));

    private static IEnumerable<(string, int[])> ControlNet()
    {
        int[] hints = [3, 16, 16, 32, 32, 96, 96, 256, Width];
        IEnumerable<(string, int[])> tensors = Encoder();
        for (int i = 0; i < hints.Length - 1; i++)
            tensors = tensors.Concat(Convolution($"input_hint_block.{2 * i}", hints[i + 1], hints[i], 3));
        int[] widths = [Width, Width, Width, Width, 640, 640, 640, 1280, 1280, 1280, 1280, 1280];
        for (int i = 0; i < widths.Length; i++)
            tensors = tensors.Concat(Convolution($"zero_convs.{i}.0", widths[i], widths[i], 1));
        return tensors.Concat(Convolution("middle_block_out.0", 1280, 1280, 1));
    }

    // The half that UNet and ControlNet have in common.
    private static IEnumerable<(string, int[])> Encoder()
    {
        IEnumerable<(string, int[])> tensors = [.. Linear("time_embed.0", Time, Width), .. Linear("time_embed.2", Time, Time), .. Convolution("input_blocks.0.0", Width, 4, 3)];
        int block = 1, from = Width;
        foreach ((int width, bool attends, bool isLast) in new[] { (320, true, false), (640, true, false), (1280, true, false), (1280, false, true) })
        {
            for (int i = 0; i < 2; i++, block++)
            {
                tensors = tensors.Concat(Residual($"input_blocks.{block}.0", width, from)).Concat(attends ? Attention($"input_blocks.{block}.1", width) : []);
                from = width;
            }

            if (!isLast)
                tensors = tensors.Concat(Convolution($"input_blocks.{block++}.0.op", width, width, 3));
        }

        return tensors.Concat(Residual("middle_block.0", 1280, 1280)).Concat(Attention("middle_block.1", 1280)).Concat(Residual("middle_block.2", 1280, 1280));
    }

    private static IEnumerable<(string, int[])> Decoder()
    {
        IEnumerable<(string, int[])> tensors = [];
        (int Width, int From)[] blocks =
        [
            (1280, 2560), (1280, 2560), (1280, 2560), (1280, 2560), (1280, 2560), (1280, 1920), (640, 1920), (640, 1280), (640, 960), (320, 960), (320, 640), (320, 640),
        ];
        for (int i = 0; i < blocks.Length; i++)
        {
            bool attends = i > 2;
            tensors = tensors.Concat(Residual($"output_blocks.{i}.0", blocks[i].Width, blocks[i].From)).Concat(attends ? Attention($"output_blocks.{i}.1", blocks[i].Width) : []);
            if (i is 2 or 5 or 8)
                tensors = tensors.Concat(Convolution($"output_blocks.{i}.{(attends ? 2 : 1)}.conv", blocks[i].Width, blocks[i].Width, 3));
        }

        return tensors;
    }

    private static IEnumerable<(string, int[])> Residual(string name, int to, int from) =>
    [
        .. Norm(name + ".in_layers.0", from), .. Convolution(name + ".in_layers.2", to, from, 3), .. Linear(name + ".emb_layers.1", to, Time),
        .. Norm(name + ".out_layers.0", to), .. Convolution(name + ".out_layers.3", to, to, 3),
        .. to == from ? [] : Convolution(name + ".skip_connection", to, from, 1),
    ];

    private static IEnumerable<(string, int[])> Attention(string name, int width)
    {
        string block = name + ".transformer_blocks.0";
        return
        [
            .. Norm(name + ".norm", width), .. Convolution(name + ".proj_in", width, width, 1), .. Convolution(name + ".proj_out", width, width, 1),
            .. Norm(block + ".norm1", width), .. Norm(block + ".norm2", width), .. Norm(block + ".norm3", width),
            .. Heads(block + ".attn1", width, width), .. Heads(block + ".attn2", width, 768),
            .. Linear(block + ".ff.net.0.proj", 8 * width, width), .. Linear(block + ".ff.net.2", width, 4 * width),
        ];
    }

    private static IEnumerable<(string, int[])> Heads(string name, int width, int context) =>
    [
        (name + ".to_q.weight", [width, width]), (name + ".to_k.weight", [width, context]), (name + ".to_v.weight", [width, context]), .. Linear(name + ".to_out.0", width, width),
    ];

    private static IEnumerable<(string, int[])> Norm(string name, int width) => [(name + ".weight", [width]), (name + ".bias", [width])];

    private static IEnumerable<(string, int[])> Linear(string name, int to, int from) => [(name + ".weight", [to, from]), (name + ".bias", [to])];

    private static IEnumerable<(string, int[])> Convolution(string name, int to, int from, int side) => [(name + ".weight", [to, from, side, side]), (name + ".bias", [to])];

    private static void WriteFile(string path, (string Name, int[] Shape)[] tensors, int seed)
    {
        using FileStream file = File.Create(path);
        long offset = 0;
        List<string> entries = [];
        foreach ((string name, int[] shape) in tensors)
        {
            long end = offset + shape.Aggregate(2L, (a, b) => a * b);
            entries.Add($"\"{name}\":{{\"dtype\":\"F16\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{offset},{end}]}}");
            offset = end;
        }

        byte[] header = Encoding.UTF8.GetBytes("{" + string.Join(',', entries) + "}");
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        long start = file.Position, at = start;
        var random = new Random(seed);
        foreach ((string name, int[] shape) in tensors)
        {
            var values = new Half[Filled.Any(part => ("." + name).Contains("." + part.TrimStart('.'), StringComparison.Ordinal)) ? shape.Aggregate((a, b) => a * b) : 0];
            double size = shape.Length > 1 ? Math.Sqrt(3.0 / shape.Skip(1).Aggregate((a, b) => a * b)) : 0.1;
            bool isNorm = name.EndsWith(".out.0.weight", StringComparison.Ordinal) || name.EndsWith("norm.weight", StringComparison.Ordinal);
            for (int i = 0; i < values.Length; i++)
                values[i] = (Half)(isNorm ? 1 : ((random.NextDouble() * 2) - 1) * size);
            file.Position = at;
            file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            at += shape.Aggregate(2L, (a, b) => a * b);
        }

        file.SetLength(start + offset);
    }
}
