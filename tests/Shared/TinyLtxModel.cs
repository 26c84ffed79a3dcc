using SdCpp.Interop;
using static SdStudio.Tests.TinyWeights;

namespace SdStudio.Tests;

/// <summary>
/// A model of the family LTX-2 whose weights are computed, not trained, small enough to generate a clip with sound in a few seconds. The unmodified engine
/// loads it as it loads any: a text encoder and its projection, the diffusion transformer, a tiny autoencoder for video (TAEHV) and an audio VAE.
/// <para>
/// What it generates is known: without images each frame is grey in red and green. The blue rises by <see cref="BlueStep"/> with each frame of
/// eight, then begins again (<see cref="BlueOf"/>), on a level that the prompt sets. The first frame shows the image that is given for it, in cells
/// of 32 x 32 pixels; the last image is only attended to, and the redder it is, the bluer all frames become (<see cref="BlueOfEnd"/>). The sound
/// is that of <see cref="TinyLtxSound"/>, as loud as the prompt says.
/// </para>
/// <para>
/// The text is what cannot be small: the engine pads each prompt to 1024 tokens and reshapes what its encoder returns to 49 states of 3840 numbers, so an
/// encoding takes 2.2 GB for a while. See <see cref="TinyLtxText"/> for the words that it knows.
/// </para>
/// </summary>
internal static class TinyLtxModel
{
    /// <summary>How much more blue each frame of eight has than the one before, of 255.</summary>
    public const double BlueStep = 0.03 * 255;

    /// <summary>Loudness on the left, of 1, before the prompt is heard.</summary>
    public const float Loudness = 0.5f;

    // Of the transformer, both for pictures and for sound: the latents that mean something less their targets, the same with the sign changed, and
    // a constant with both signs, so that the last norm subtracts nothing and divides by something that is known.
    private const int Width = 256;
    private const int SoundWidth = 64;
    private const int Latents = 128;
    private const int Colours = 3;
    private const int Red = 0;
    private const int Blue = 2;
    private const double Constant = 100;
    private static readonly double Norm = Constant * Math.Sqrt((Width - (2.0 * Colours)) / Width);
    private static readonly double SoundNorm = Constant * Math.Sqrt((SoundWidth - 2.0) / SoundWidth);

    // How fast latents go to their target.
    private const int Pull = 6;

    /// <summary>With as many steps and a flow shift of 1 nothing is left of the noise: each frame is its target.</summary>
    public const int ExactSteps = Pull;

    /// <summary>Blue of a frame above that of frame 1, of 255.</summary>
    public static double BlueOf(int frame) => (frame + 7) % 8 * BlueStep;

    /// <summary>What an end image adds to the blue of all frames, of 255.</summary>
    /// <param name="red">Its mean red.</param>
    /// <param name="frames">Frames that are generated, 8n + 1.</param>
    public static double BlueOfEnd(double red, int frames) => (red - 127.5) / (((frames + 7) / 8) + 1);

    /// <summary>Writes the five files, 30 MB and two that are mostly holes.</summary>
    public static DiffusionModelOptions Write(string folder)
    {
        Directory.CreateDirectory(folder);
        string diffusion = Path.Combine(folder, "tiny-ltx.safetensors"), decoder = Path.Combine(folder, "tiny-taeltx.safetensors"), sound = Path.Combine(folder, "tiny-sound.safetensors");
        string text = Path.Combine(folder, "tiny-gemma.gguf"), projection = Path.Combine(folder, "tiny-projection.gguf");
        Save(diffusion, Transformer());
        Save(decoder, [.. Decoder(), .. Encoder()]);
        Save(sound, TinyLtxSound.All());
        TinyLtxText.SaveWords(text);
        TinyLtxText.SaveProjection(projection);
        return new DiffusionModelOptions
        {
            DiffusionModelPath = diffusion, LlmPath = text, EmbeddingsConnectorsPath = projection, TaesdPath = decoder, AudioVaePath = sound, Threads = 1,
        };
    }

    private static IEnumerable<TinyWeights> Transformer() =>
    [
        .. Patches("patchify_proj", Width, Colours, 0), .. Patches("audio_patchify_proj", SoundWidth, 1, Loudness),
        .. Timestep("adaln_single", 6, Width), .. Timestep("audio_adaln_single", 6, SoundWidth),
        .. Timestep("av_ca_video_scale_shift_adaln_single", 4, Width), .. Timestep("av_ca_a2v_gate_adaln_single", 1, Width),
        .. Timestep("av_ca_audio_scale_shift_adaln_single", 4, SoundWidth), .. Timestep("av_ca_v2a_gate_adaln_single", 1, SoundWidth),
        .. Block("transformer_blocks.0."),
        Zeros("scale_shift_table", 2, Width), Zeros("audio_scale_shift_table", 2, SoundWidth),
        Sparse("proj_out.weight", [Latents, Width], [.. Enumerable.Range(0, Colours).Select(c => ((c * Width) + c, Pull * Norm))]), Zeros("proj_out.bias", Latents),
        Sparse("audio_proj_out.weight", [Latents, SoundWidth], (0, Pull * SoundNorm)), Zeros("audio_proj_out.bias", Latents),
    ];

    private static IEnumerable<TinyWeights> Patches(string name, int width, int used, double target) =>
    [
        Sparse(name + ".weight", [width, Latents], [.. Enumerable.Range(0, used).Select(i => ((i * Latents) + i, 1.0)), .. Enumerable.Range(0, used).Select(i => (((used + i) * Latents) + i, -1.0))]),
        Filled(name + ".bias", i => i < used ? -target : i < 2 * used ? target : i % 2 == 0 ? Constant : -Constant, width),
    ];

    private static IEnumerable<TinyWeights> Timestep(string name, int parts, int width) =>
        [.. Linear(name + ".emb.timestep_embedder.linear_1", width, 256), .. Linear(name + ".emb.timestep_embedder.linear_2", width, width), .. Linear(name + ".linear", parts * width, width)];

    // Queries and keys are zero, so that every token attends to all alike: to the mean of the red, and to the mean of what the words say.
    private static IEnumerable<TinyWeights> Block(string name) =>
    [
        // The third row lets the first attention through.
        Filled(name + "scale_shift_table", static i => i / Width == 2 ? 1 : 0, 6, Width), Zeros(name + "audio_scale_shift_table", 6, SoundWidth),
        Zeros(name + "scale_shift_table_a2v_ca_audio", 5, SoundWidth), Zeros(name + "scale_shift_table_a2v_ca_video", 5, Width),
        .. Attention(name + "attn1", Width, Width, Width, Red, Blue, Colours, Norm), .. Attention(name + "audio_attn1", SoundWidth, SoundWidth, SoundWidth),
        .. Attention(name + "attn2", Width, TinyLtxText.Width, Width, 0, Blue, Colours, 1), .. Attention(name + "audio_attn2", SoundWidth, TinyLtxText.Width, SoundWidth, 0, 0, 1, 1),
        .. Attention(name + "audio_to_video_attn", Width, SoundWidth, SoundWidth), .. Attention(name + "video_to_audio_attn", SoundWidth, Width, SoundWidth),
        .. Linear(name + "ff.net.0.proj", 4 * Width, Width), .. Linear(name + "ff.net.2", Width, 4 * Width),
        .. Linear(name + "audio_ff.net.0.proj", 4 * SoundWidth, SoundWidth), .. Linear(name + "audio_ff.net.2", SoundWidth, 4 * SoundWidth),
    ];

    /// <summary>An attention that raises the target of one latent by the mean of one channel, or does nothing.</summary>
    private static IEnumerable<TinyWeights> Attention(string name, int to, int from, int inner, int read = 0, int write = 0, int mirrored = 0, double factor = 0) =>
    [
        Ones(name + ".q_norm.weight", inner), Ones(name + ".k_norm.weight", inner), .. Linear(name + ".to_q", inner, to), .. Linear(name + ".to_k", inner, from),
        Sparse(name + ".to_v.weight", [inner, from], (read, factor == 0 ? 0 : 1)), Zeros(name + ".to_v.bias", inner),
        Sparse(name + ".to_out.0.weight", [to, inner], (write * inner, -factor), ((write + mirrored) * inner, factor)), Zeros(name + ".to_out.0.bias", to),
    ];

    // A pixel, the one beside it, and the two below, among the 3 x 3 of a convolution.
    private static readonly int[] Pooling = [4, 5, 7, 8];

    // Convolutions of 3 x 3: the middle is entry 4.
    private static int At(int to, int from, int channels, int tap = 4) => (((to * channels) + from) * 9) + tap;

    // Latents 0, 1 and 2 are red, green and blue less a half; channel 3 of the decoder is 1 throughout.
    private static List<TinyWeights> Decoder()
    {
        int[] channels = [256, 128, 64, 64];
        List<TinyWeights> all =
        [
            Sparse("decoder.1.weight", [256, Latents, 3, 3], [.. Enumerable.Range(0, Colours).Select(c => (At(c, c, Latents), 1.0))]),
            Filled("decoder.1.bias", static i => i < Colours ? 0.5 : i == Colours ? 1 : 0, 256),
        ];
        int index = 3;
        double step = 4 * BlueStep / 255;
        for (int i = 0; i < 3; i++, step /= 2)
        {
            int width = channels[i];
            for (int block = 0; block < 3; block++)
                all.AddRange(MemBlock($"decoder.{index++}", width));
            index++;
            // Of two frames that come of one, the second is bluer.
            all.Add(Sparse($"decoder.{index++}.conv.weight", [width * 2, width, 1, 1],
                [.. from copy in Enumerable.Range(0, 2) from c in Enumerable.Range(0, 4) select ((((copy * width) + c) * width) + c, 1.0), (((width + Blue) * width) + Colours, step)]));
            all.Add(Sparse($"decoder.{index++}.weight", [channels[i + 1], width, 3, 3], [.. Enumerable.Range(0, 4).Select(c => (At(c, c, width), 1.0))]));
        }

        all.Add(Sparse($"decoder.{index + 1}.weight", [48, 64, 3, 3], [.. from c in Enumerable.Range(0, Colours) from place in Enumerable.Range(0, 16) select (At((c * 16) + place, c, 64), 1.0)]));
        all.Add(Zeros($"decoder.{index + 1}.bias", 48));
        return all;
    }

    // The mean of each 32 x 32 pixels, less a half.
    private static List<TinyWeights> Encoder()
    {
        const int hidden = 64;
        List<TinyWeights> all =
        [
            Sparse("encoder.0.weight", [hidden, 48, 3, 3], [.. from c in Enumerable.Range(0, Colours) from place in Enumerable.Range(0, 16) select (At(c, (c * 16) + place, 48), 1 / 16.0)]),
            Zeros("encoder.0.bias", hidden),
        ];
        int index = 2;
        for (int i = 0; i < 3; i++)
        {
            all.Add(Sparse($"encoder.{index++}.conv.weight", [hidden, hidden * 2, 1, 1], [.. Enumerable.Range(0, Colours).Select(c => ((c * hidden * 2) + c, 1.0))]));
            all.Add(Sparse($"encoder.{index++}.weight", [hidden, hidden, 3, 3], [.. from c in Enumerable.Range(0, Colours) from tap in Pooling select (At(c, c, hidden, tap), 0.25)]));
            for (int block = 0; block < 3; block++)
                all.AddRange(MemBlock($"encoder.{index++}", hidden));
        }

        all.Add(Sparse($"encoder.{index}.weight", [Latents, hidden, 3, 3], [.. Enumerable.Range(0, Colours).Select(c => (At(c, c, hidden), 1.0))]));
        all.Add(Filled($"encoder.{index}.bias", static i => i < Colours ? -0.5 : 0, Latents));
        return all;
    }

    // Adds nothing to what is not negative.
    private static IEnumerable<TinyWeights> MemBlock(string name, int width) =>
    [
        Zeros(name + ".conv.0.weight", width, 2 * width, 3, 3), Zeros(name + ".conv.0.bias", width), Zeros(name + ".conv.2.weight", width, width, 3, 3), Zeros(name + ".conv.2.bias", width),
        Zeros(name + ".conv.4.weight", width, width, 3, 3), Zeros(name + ".conv.4.bias", width),
    ];
}
