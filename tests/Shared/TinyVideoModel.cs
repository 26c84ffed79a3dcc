using SdCpp.Interop;
using static SdStudio.Tests.TinyWeights;

namespace SdStudio.Tests;

/// <summary>
/// A model of the family HunyuanVideo whose weights are computed, not trained, small enough to generate a clip in a second. The unmodified
/// engine loads it as it loads any: a Qwen2.5-VL to read prompts with, the diffusion transformer, and a tiny autoencoder for video (TAEHV).
/// <para>
/// What it generates is known: without images each frame is grey in red and green. The blue rises by <see cref="BlueStep"/> with each frame of four,
/// then begins again (<see cref="BlueOf"/>), on a level that the prompt sets. The first and the last frame show the images that are given
/// for them, in red and green.
/// </para>
/// </summary>
internal static class TinyVideoModel
{
    /// <summary>How much more blue each frame of four has than the one before, of 255.</summary>
    public const double BlueStep = 0.1 * 255;

    // Of the diffusion transformer: two heads of 128, as the engine's rotary positions want. The first half of the channels carries a patch's
    // 4 x 32 latents, the other half a constant, so that the last norm divides by something that is known.
    private const int Width = 256;
    private const int Latents = 32;
    private const int Patch = 4;
    private const int InChannels = (2 * Latents) + 1;
    private const float Constant = 100;

    // How fast latents go to their target: what is left of the noise at the end is about e to the power of minus this.
    private const float Pull = 6;

    /// <summary>With as many steps and a flow shift of 1 nothing is left of the noise: each frame is its target.</summary>
    public const int ExactSteps = (int)Pull;

    private const int TextWidth = 32;
    private const int Vocabulary = 152_064;
    private const int Blue = 2;

    /// <summary>Blue of a frame above that of frame 1, of 255.</summary>
    public static double BlueOf(int frame) => (frame + 3) % 4 * BlueStep;

    /// <summary>Writes the three files, 10 MB and two that are mostly holes.</summary>
    public static DiffusionModelOptions Write(string folder)
    {
        Directory.CreateDirectory(folder);
        string diffusion = Path.Combine(folder, "tiny-hunyuan.safetensors"), text = Path.Combine(folder, "tiny-qwen.safetensors"), decoder = Path.Combine(folder, "tiny-taehv.safetensors");
        Save(diffusion, Transformer());
        Save(text, TextEncoder());
        Save(decoder, [.. Decoder(), .. Encoder()]);
        return new DiffusionModelOptions { DiffusionModelPath = diffusion, LlmPath = text, TaesdPath = decoder, Threads = 1 };
    }

    private static IEnumerable<TinyWeights> Transformer() =>
    [
        // Channel (place, latent) of a patch is the latent there less its target, which stands 32 channels further on.
        Sparse("img_in.proj.weight", [Width, InChannels, 1, 2, 2],
            [.. from place in Enumerable.Range(0, Patch)
                from latent in Enumerable.Range(0, Latents)
                from part in new[] { (Channel: latent, Value: 1.0), (Channel: Latents + latent, Value: -1.0) }
                select (((((place * Latents) + latent) * InChannels) + part.Channel) * Patch + place, part.Value)]),
        Filled("img_in.proj.bias", static i => i < Width / 2 ? 0 : i % 2 == 0 ? Constant : -Constant, Width),
        .. Embedder("time_in", 256),
        .. TextRefiner(),
        .. Stream("double_blocks.0.img_"), .. Stream("double_blocks.0.txt_"),
        // The mean square of the channels is that of the constant ones: half of them.
        Sparse("final_layer.linear.weight", [Patch * Latents, Width], [.. Enumerable.Range(0, Patch * Latents).Select(i => ((i * Width) + i, Pull * Constant / Math.Sqrt(2)))]),
        Zeros("final_layer.linear.bias", Patch * Latents),
        .. Linear("final_layer.adaLN_modulation.1", 2 * Width, Width),
        // The engine reads the number of heads from a name with this end when it does not know the width yet; after it does, it reads it again.
        Ones("later.double_blocks.0.img_attn.norm.key_norm.scale", 128),
    ];

    private static List<TinyWeights> TextRefiner()
    {
        var random = new Random(2);
        List<TinyWeights> all =
        [
            Filled("txt_in.input_embedder.weight", _ => (random.NextDouble() * 2) - 1, Width, TextWidth), Zeros("txt_in.input_embedder.bias", Width),
            .. Embedder("txt_in.t_embedder", 256), .. Embedder("txt_in.c_embedder", TextWidth),
        ];
        for (int i = 0; i < 2; i++)
        {
            string block = $"txt_in.individual_token_refiner.blocks.{i}.";
            all.AddRange(
            [
                Ones(block + "norm1.weight", Width), Zeros(block + "norm1.bias", Width), Ones(block + "norm2.weight", Width), Zeros(block + "norm2.bias", Width),
                .. Linear(block + "self_attn.qkv", 3 * Width, Width), .. Linear(block + "self_attn.proj", Width, Width),
                .. Linear(block + "mlp.0", 4 * Width, Width), .. Linear(block + "mlp.2", Width, 4 * Width), .. Linear(block + "adaLN_modulation.1", 2 * Width, Width),
            ]);
        }

        return all;
    }

    private static IEnumerable<TinyWeights> Embedder(string name, int from) => [.. Linear(name + ".in_layer", Width, from), .. Linear(name + ".out_layer", Width, Width)];

    // Queries and keys are zero, so that every token attends to all alike. Each token of the text says a number, and its mean, as good as a
    // signature of the prompt, moves the target of the blue latent.
    private static IEnumerable<TinyWeights> Stream(string name)
    {
        bool isText = name.EndsWith("txt_", StringComparison.Ordinal);
        var random = new Random(3);
        return
        [
            Zeros(name + "mod.lin.weight", 6 * Width, Width), Filled(name + "mod.lin.bias", i => !isText && i / Width == 2 ? 1 : 0, 6 * Width),
            Filled(name + "attn.qkv.weight", i => isText && i / Width == 2 * Width ? ((random.NextDouble() * 2) - 1) / 16 : 0, 3 * Width, Width), Zeros(name + "attn.qkv.bias", 3 * Width),
            Ones(name + "attn.norm.query_norm.scale", 128), Ones(name + "attn.norm.key_norm.scale", 128),
            Sparse(name + "attn.proj.weight", [Width, Width], [.. Enumerable.Range(0, Patch).Select(place => (((place * Latents) + Blue) * Width, 1.0))]), Zeros(name + "attn.proj.bias", Width),
            .. Linear(name + "mlp.0", 4 * Width, Width), .. Linear(name + "mlp.2", Width, 4 * Width),
        ];
    }

    // Its layers add nothing: what it makes of a word is the word's own row, which are random numbers.
    private static List<TinyWeights> TextEncoder()
    {
        const int queries = 28 * 128, keys = 4 * 128, inner = 32;
        var random = new Random(4);
        List<TinyWeights> all = [Filled("model.embed_tokens.weight", _ => (random.NextDouble() * 2) - 1, Vocabulary, TextWidth), Ones("model.norm.weight", TextWidth)];
        for (int i = 0; i < 3; i++)
        {
            string layer = $"model.layers.{i}.";
            all.AddRange(
            [
                .. Linear(layer + "self_attn.q_proj", queries, TextWidth), .. Linear(layer + "self_attn.k_proj", keys, TextWidth), .. Linear(layer + "self_attn.v_proj", keys, TextWidth),
                Zeros(layer + "self_attn.o_proj.weight", TextWidth, queries),
                Zeros(layer + "mlp.gate_proj.weight", inner, TextWidth), Zeros(layer + "mlp.up_proj.weight", inner, TextWidth), Zeros(layer + "mlp.down_proj.weight", TextWidth, inner),
                Ones(layer + "input_layernorm.weight", TextWidth), Ones(layer + "post_attention_layernorm.weight", TextWidth),
            ]);
        }

        return all;
    }

    // A pixel, the one beside it, and the two below, among the 3 x 3 of a convolution.
    private static readonly int[] Pooling = [4, 5, 7, 8];

    // Convolutions of 3 x 3: the middle is entry 4.
    private static int At(int to, int from, int channels, int tap = 4) => (((to * channels) + from) * 9) + tap;

    // Latents 0, 1 and 2 are red, green and blue less a half; channel 3 of the decoder is 1 throughout.
    private static List<TinyWeights> Decoder()
    {
        int[] channels = [256, 128, 64, 64];
        bool[] grows = [false, true, true];
        List<TinyWeights> all =
        [
            Sparse("decoder.1.weight", [256, Latents, 3, 3], [.. Enumerable.Range(0, 3).Select(c => (At(c, c, Latents), 1.0))]),
            Filled("decoder.1.bias", static i => i < 3 ? 0.5 : i == 3 ? 1 : 0, 256),
        ];
        int index = 3;
        double step = 2 * BlueStep / 255;
        for (int i = 0; i < 3; i++)
        {
            int width = channels[i], times = grows[i] ? 2 : 1;
            for (int block = 0; block < 3; block++)
                all.AddRange(MemBlock($"decoder.{index++}", width));
            index++;
            // Of two frames that come of one, the second is bluer.
            List<(int, double)> grow = [.. from copy in Enumerable.Range(0, times) from c in Enumerable.Range(0, 4) select ((((copy * width) + c) * width) + c, 1.0)];
            if (times == 2)
            {
                grow.Add((((width + Blue) * width) + 3, step));
                step /= 2;
            }

            all.Add(Sparse($"decoder.{index++}.conv.weight", [width * times, width, 1, 1], [.. grow]));
            all.Add(Sparse($"decoder.{index++}.weight", [channels[i + 1], width, 3, 3], [.. Enumerable.Range(0, 4).Select(c => (At(c, c, width), 1.0))]));
        }

        all.Add(Sparse($"decoder.{index + 1}.weight", [12, 64, 3, 3], [.. from c in Enumerable.Range(0, 3) from place in Enumerable.Range(0, 4) select (At((c * 4) + place, c, 64), 1.0)]));
        all.Add(Zeros($"decoder.{index + 1}.bias", 12));
        return all;
    }

    // The mean of each 16 x 16 pixels, less a half.
    private static List<TinyWeights> Encoder()
    {
        const int hidden = 64;
        List<TinyWeights> all =
        [
            Sparse("encoder.0.weight", [hidden, 12, 3, 3], [.. from c in Enumerable.Range(0, 3) from place in Enumerable.Range(0, 4) select (At(c, (c * 4) + place, 12), 0.25)]),
            Zeros("encoder.0.bias", hidden),
        ];
        int index = 2;
        for (int i = 0; i < 3; i++)
        {
            int times = i < 2 ? 2 : 1;
            all.Add(Sparse($"encoder.{index++}.conv.weight", [hidden, hidden * times, 1, 1], [.. Enumerable.Range(0, 3).Select(c => ((c * hidden * times) + c, 1.0))]));
            all.Add(Sparse($"encoder.{index++}.weight", [hidden, hidden, 3, 3], [.. from c in Enumerable.Range(0, 3) from tap in Pooling select (At(c, c, hidden, tap), 0.25)]));
            for (int block = 0; block < 3; block++)
                all.AddRange(MemBlock($"encoder.{index++}", hidden));
        }

        all.Add(Sparse($"encoder.{index}.weight", [Latents, hidden, 3, 3], [.. Enumerable.Range(0, 3).Select(c => (At(c, c, hidden), 1.0))]));
        all.Add(Filled($"encoder.{index}.bias", static i => i < 3 ? -0.5 : 0, Latents));
        return all;
    }

    // Adds nothing to what is not negative.
    private static IEnumerable<TinyWeights> MemBlock(string name, int width) =>
    [
        Zeros(name + ".conv.0.weight", width, 2 * width, 3, 3), Zeros(name + ".conv.0.bias", width), Zeros(name + ".conv.2.weight", width, width, 3, 3), Zeros(name + ".conv.2.bias", width),
        Zeros(name + ".conv.4.weight", width, width, 3, 3), Zeros(name + ".conv.4.bias", width),
    ];
}
