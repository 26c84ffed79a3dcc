using System.Runtime.InteropServices;
using System.Text;

namespace SdCpp.Interop.Tests;

/// <summary>
/// A model of the family FLUX with two blocks, 256 wide, of random weights, and a CLIP-L of zeros (a sparse file): what it generates means
/// nothing, but the engine generates it with everything that FLUX has and the demo model has not: reference images, distilled guidance.
/// </summary>
internal static class TinyFlux
{
    private const int Width = 256;

    public static DiffusionModelOptions Write(string folder, string taesd)
    {
        Directory.CreateDirectory(folder);
        string flux = Path.Combine(folder, "flux.safetensors"), clip = Path.Combine(folder, "clip-l.safetensors");
        WriteRandom(flux, [.. FluxTensors()]);
        WriteZeros(clip, [.. ClipTensors()]);
        return new DiffusionModelOptions { DiffusionModelPath = flux, ClipLPath = clip, TaesdPath = taesd, Threads = 1 };
    }

    /// <summary>PuLID for this model: of random weights as well; its width towards the person is fixed in the engine.</summary>
    public static string WritePulid(string path)
    {
        const int identity = 2048;
        WriteRandom(path, [.. Enumerable.Range(0, 2).SelectMany<int, (string, int[])>(block =>
        [
            ($"pulid_ca.{block}.norm1.weight", [identity]), ($"pulid_ca.{block}.norm1.bias", [identity]),
            ($"pulid_ca.{block}.norm2.weight", [Width]), ($"pulid_ca.{block}.norm2.bias", [Width]),
            ($"pulid_ca.{block}.to_q.weight", [identity, Width]), ($"pulid_ca.{block}.to_kv.weight", [2 * identity, identity]),
            ($"pulid_ca.{block}.to_out.weight", [Width, identity]),
        ])]);
        return path;
    }

    /// <summary>A person's embedding for PuLID; those of different seeds are different people.</summary>
    public static string WritePerson(string path, int seed, params long[] shape)
    {
        byte[] file = ModelBytes.Gguf("pulid", ("pulid_id", shape));
        var random = new Random(seed);
        int numbers = (int)shape.Aggregate((a, b) => a * b);
        foreach (ref Half number in MemoryMarshal.Cast<byte, Half>(file.AsSpan(file.Length - (2 * numbers))))
            number = (Half)((random.NextDouble() * 2) - 1);
        File.WriteAllBytes(path, file);
        return path;
    }

    private static IEnumerable<(string Name, int[] Shape)> FluxTensors() =>
    [
        .. Linear("img_in", Width, 64), .. Linear("txt_in", Width, 4096),
        .. Embedder("time_in", 256), .. Embedder("vector_in", 768), .. Embedder("guidance_in", 256),
        .. DoubleBlock("double_blocks.0.img_"), .. DoubleBlock("double_blocks.0.txt_"),
        .. Linear("single_blocks.0.linear1", 7 * Width, Width), .. Linear("single_blocks.0.linear2", Width, 5 * Width),
        .. Linear("single_blocks.0.modulation.lin", 3 * Width, Width), .. Norms("single_blocks.0.norm."),
        .. Linear("final_layer.linear", 64, Width), .. Linear("final_layer.adaLN_modulation.1", 2 * Width, Width),
    ];

    private static IEnumerable<(string, int[])> DoubleBlock(string name) =>
    [
        .. Linear(name + "mod.lin", 6 * Width, Width), .. Linear(name + "attn.qkv", 3 * Width, Width), .. Norms(name + "attn.norm."),
        .. Linear(name + "attn.proj", Width, Width), .. Linear(name + "mlp.0", 4 * Width, Width), .. Linear(name + "mlp.2", Width, 4 * Width),
    ];

    private static IEnumerable<(string, int[])> Embedder(string name, int from) =>
        [.. Linear(name + ".in_layer", Width, from), .. Linear(name + ".out_layer", Width, Width)];

    private static IEnumerable<(string, int[])> Norms(string name) => [(name + "query_norm.scale", [128]), (name + "key_norm.scale", [128])];

    private static IEnumerable<(string, int[])> Linear(string name, int to, int from) => [(name + ".weight", [to, from]), (name + ".bias", [to])];

    /// <summary>CLIP-L has one size, fixed in the engine.</summary>
    public static IEnumerable<(string, int[])> ClipTensors()
    {
        const int width = 768;
        List<(string, int[])> tensors =
        [
            ("embeddings.token_embedding.weight", [49408, width]), ("embeddings.position_embedding.weight", [77, width]),
            ("final_layer_norm.weight", [width]), ("final_layer_norm.bias", [width]),
        ];
        for (int layer = 0; layer < 12; layer++)
        {
            string name = $"encoder.layers.{layer}.";
            foreach (string part in (string[])["q_proj", "k_proj", "v_proj", "out_proj"])
                tensors.AddRange(Linear(name + "self_attn." + part, width, width));
            tensors.AddRange([.. Linear(name + "mlp.fc1", 4 * width, width), .. Linear(name + "mlp.fc2", width, 4 * width)]);
            foreach (string norm in (string[])["layer_norm1", "layer_norm2"])
                tensors.AddRange([(name + norm + ".weight", [width]), (name + norm + ".bias", [width])]);
        }

        return tensors.Select(tensor => ("text_model." + tensor.Item1, tensor.Item2));
    }

    private static void WriteRandom(string path, (string Name, int[] Shape)[] tensors)
    {
        using FileStream file = File.Create(path);
        WriteHeader(file, tensors);
        var random = new Random(1);
        foreach ((string name, int[] shape) in tensors)
        {
            double size = shape.Length > 1 ? 1 / Math.Sqrt(shape[1]) : 0.03;
            var values = new Half[shape.Aggregate((a, b) => a * b)];
            for (int i = 0; i < values.Length; i++)
                values[i] = (Half)(name.EndsWith("scale", StringComparison.Ordinal) ? 1 : ((random.NextDouble() * 2) - 1) * size);
            file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }

    private static void WriteZeros(string path, (string Name, int[] Shape)[] tensors)
    {
        using FileStream file = File.Create(path);
        file.SetLength(WriteHeader(file, tensors));
    }

    /// <returns>The length of the whole file.</returns>
    private static long WriteHeader(FileStream file, (string Name, int[] Shape)[] tensors)
    {
        long offset = 0;
        List<string> entries = [];
        foreach ((string name, int[] shape) in tensors)
        {
            long end = offset + shape.Aggregate(2L, (a, b) => a * b);
            entries.Add($$"""
                "{{name}}":{"dtype":"F16","shape":[{{string.Join(',', shape)}}],"data_offsets":[{{offset}},{{end}}]}
                """);
            offset = end;
        }

        byte[] header = Encoding.UTF8.GetBytes("{" + string.Join(',', entries) + "}");
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        return file.Position + offset;
    }
}
