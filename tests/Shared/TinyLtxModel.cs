using System.Text;
using SdCpp.Interop;
using static SdStudio.Tests.TinyWeights;

namespace SdStudio.Tests;

internal static class TinyLtxModel
{
    public const double BlueStep = 0.05 * 255;

    private const int Latents = 128;
    private const int Width = 256;
    private const int SoundWidth = 64;
    private const float Constant = 100;
    private const float Pull = 6;
    public const int ExactSteps = (int)Pull;
    private const int Blue = 2;

    // The engine's own sizes of the text.
    private const int TextStates = 188_160;
    private const int Text = 3840;
    private const int Word = TextStates / 2;
    private const int Words = 4096;

    public static DiffusionModelOptions Write(string folder)
    {
        Directory.CreateDirectory(folder);
        string diffusion = Path.Combine(folder, "tiny-ltx.safetensors"), text = Path.Combine(folder, "tiny-gemma.gguf"), decoder = Path.Combine(folder, "tiny-taeltx.safetensors"), projection = Path.Combine(folder, "tiny-projection.gguf");
        Save(diffusion, Transformer());
        Save(decoder, [.. Decoder(), .. Encoder()]);
        string sound = Path.Combine(folder, "tiny-sound.safetensors");
        Save(sound, TinyLtxSound.All());
        SaveWords(text);
        SaveProjection(projection);
        return new DiffusionModelOptions { DiffusionModelPath = diffusion, LlmPath = text, EmbeddingsConnectorsPath = projection, TaesdPath = decoder, AudioVaePath = sound, Threads = 1 };
    }

    private static IEnumerable<TinyWeights> Transformer()
    {
        double std = Constant * Math.Sqrt((Width - 6.0) / Width);
        return
        [
            Sparse("patchify_proj.weight", [Width, Latents], [.. Enumerable.Range(0, 3).SelectMany(c => new[] { ((c * Latents) + c, 1.0), (((c + 3) * Latents) + c, -1.0) })]),
            Filled("patchify_proj.bias", static i => i < 6 ? 0 : i % 2 == 0 ? Constant : -Constant, Width),
            Sparse("audio_patchify_proj.weight", [SoundWidth, Latents], (0, 1), (Latents, -1)), Filled("audio_patchify_proj.bias", static i => i < 2 ? (i == 0 ? -0.5 : 0.5) : i % 2 == 0 ? Constant : -Constant, SoundWidth),
            .. Timestep("adaln_single", 6, Width), .. Timestep("audio_adaln_single", 6, SoundWidth),
            .. Timestep("av_ca_video_scale_shift_adaln_single", 4, Width), .. Timestep("av_ca_a2v_gate_adaln_single", 1, Width),
            .. Timestep("av_ca_audio_scale_shift_adaln_single", 4, SoundWidth), .. Timestep("av_ca_v2a_gate_adaln_single", 1, SoundWidth),
            Table("scale_shift_table", 2, Width), Table("audio_scale_shift_table", 2, SoundWidth),
            Sparse("proj_out.weight", [Latents, Width], [.. Enumerable.Range(0, 3).Select(c => ((c * Width) + c, Pull * std))]), Zeros("proj_out.bias", Latents),
            Sparse("audio_proj_out.weight", [Latents, SoundWidth], (0, Pull * Constant * Math.Sqrt((SoundWidth - 2.0) / SoundWidth))), Zeros("audio_proj_out.bias", Latents),
            .. Block("transformer_blocks.0."),
        ];
    }

    private static TinyWeights Table(string name, int rows, int width) => Zeros(name, rows, width) with { Wide = true };

    private static IEnumerable<TinyWeights> Timestep(string name, int parts, int width) =>
        [.. Linear(name + ".emb.timestep_embedder.linear_1", width, 256), .. Linear(name + ".emb.timestep_embedder.linear_2", width, width), .. Linear(name + ".linear", parts * width, width)];

    private static IEnumerable<TinyWeights> Block(string name) =>
    [
        Table(name + "scale_shift_table", 6, Width), Table(name + "audio_scale_shift_table", 6, SoundWidth),
        Table(name + "scale_shift_table_a2v_ca_audio", 5, SoundWidth), Table(name + "scale_shift_table_a2v_ca_video", 5, Width),
        .. Attention(name + "attn1", Width, Width, Width), .. Attention(name + "audio_attn1", SoundWidth, SoundWidth, SoundWidth),
        .. Attention(name + "attn2", Width, Text, Width, (0, 0, 1), [(Blue, 0, -1), (Blue + 3, 0, 1)]), .. Attention(name + "audio_attn2", SoundWidth, Text, SoundWidth, (0, 0, 1), [(0, 0, -1), (1, 0, 1)]),
        .. Attention(name + "audio_to_video_attn", Width, SoundWidth, SoundWidth), .. Attention(name + "video_to_audio_attn", SoundWidth, Width, SoundWidth),
        .. Linear(name + "ff.net.0.proj", 4 * Width, Width), .. Linear(name + "ff.net.2", Width, 4 * Width),
        .. Linear(name + "audio_ff.net.0.proj", 4 * SoundWidth, SoundWidth), .. Linear(name + "audio_ff.net.2", SoundWidth, 4 * SoundWidth),
    ];

    private static IEnumerable<TinyWeights> Attention(string name, int to, int from, int inner, (int To, int From, double Value)? value = null, (int To, int From, double Value)[]? result = null) =>
    [
        Ones(name + ".q_norm.weight", inner), Ones(name + ".k_norm.weight", inner),
        .. Linear(name + ".to_q", inner, to), .. Linear(name + ".to_k", inner, from),
        value is { } v ? Sparse(name + ".to_v.weight", [inner, from], ((v.To * from) + v.From, v.Value)) : Zeros(name + ".to_v.weight", inner, from), Zeros(name + ".to_v.bias", inner),
        Sparse(name + ".to_out.0.weight", [to, inner], [.. (result ?? []).Select(r => ((r.To * inner) + r.From, r.Value))]), Zeros(name + ".to_out.0.bias", to),
    ];

    private static readonly int[] Pooling = [4, 5, 7, 8];

    private static int At(int to, int from, int channels, int tap = 4) => (((to * channels) + from) * 9) + tap;

    private static List<TinyWeights> Decoder()
    {
        int[] channels = [256, 128, 64, 64];
        List<TinyWeights> all =
        [
            Sparse("decoder.1.weight", [256, Latents, 3, 3], [.. Enumerable.Range(0, 3).Select(c => (At(c, c, Latents), 1.0))]),
            Filled("decoder.1.bias", static i => i < 3 ? 0.5 : i == 3 ? 1 : 0, 256),
        ];
        int index = 3;
        double step = 4 * BlueStep / 255;
        for (int i = 0; i < 3; i++)
        {
            int width = channels[i];
            for (int block = 0; block < 3; block++)
                all.AddRange(MemBlock($"decoder.{index++}", width));
            index++;
            List<(int, double)> grow = [.. from copy in Enumerable.Range(0, 2) from c in Enumerable.Range(0, 4) select ((((copy * width) + c) * width) + c, 1.0)];
            grow.Add((((width + Blue) * width) + 3, step));
            step /= 2;
            all.Add(Sparse($"decoder.{index++}.conv.weight", [width * 2, width, 1, 1], [.. grow]));
            all.Add(Sparse($"decoder.{index++}.weight", [channels[i + 1], width, 3, 3], [.. Enumerable.Range(0, 4).Select(c => (At(c, c, width), 1.0))]));
        }

        all.Add(Sparse($"decoder.{index + 1}.weight", [48, 64, 3, 3], [.. from c in Enumerable.Range(0, 3) from place in Enumerable.Range(0, 16) select (At((c * 16) + place, c, 64), 1.0)]));
        all.Add(Zeros($"decoder.{index + 1}.bias", 48));
        return all;
    }

    private static List<TinyWeights> Encoder()
    {
        const int hidden = 64;
        List<TinyWeights> all =
        [
            Sparse("encoder.0.weight", [hidden, 48, 3, 3], [.. from c in Enumerable.Range(0, 3) from place in Enumerable.Range(0, 16) select (At(c, (c * 16) + place, 48), 1 / 16.0)]),
            Zeros("encoder.0.bias", hidden),
        ];
        int index = 2;
        for (int i = 0; i < 3; i++)
        {
            all.Add(Sparse($"encoder.{index++}.conv.weight", [hidden, hidden * 2, 1, 1], [.. Enumerable.Range(0, 3).Select(c => ((c * hidden * 2) + c, 1.0))]));
            all.Add(Sparse($"encoder.{index++}.weight", [hidden, hidden, 3, 3], [.. from c in Enumerable.Range(0, 3) from tap in Pooling select (At(c, c, hidden, tap), 0.25)]));
            for (int block = 0; block < 3; block++)
                all.AddRange(MemBlock($"encoder.{index++}", hidden));
        }

        all.Add(Sparse($"encoder.{index}.weight", [Latents, hidden, 3, 3], [.. Enumerable.Range(0, 3).Select(c => (At(c, c, hidden), 1.0))]));
        all.Add(Filled($"encoder.{index}.bias", static i => i < 3 ? -0.5 : 0, Latents));
        return all;
    }

    private static IEnumerable<TinyWeights> MemBlock(string name, int width) =>
    [
        Zeros(name + ".conv.0.weight", width, 2 * width, 3, 3), Zeros(name + ".conv.0.bias", width), Zeros(name + ".conv.2.weight", width, width, 3, 3), Zeros(name + ".conv.2.bias", width),
        Zeros(name + ".conv.4.weight", width, width, 3, 3), Zeros(name + ".conv.4.bias", width),
    ];

    private const int BlockLength = 128;
    private const int BlockBytes = 18;

    private static void SaveWords(string path)
    {
        using FileStream file = File.Create(path);
        long begin = WriteGguf(file, ("model.norm.weight", [Word], 0), ("model.embed_tokens.weight", [Word, Words], 2));
        file.Position = begin;
        Span<byte> ones = new byte[4 * Word];
        for (int i = 0; i < Word; i++)
            BitConverter.TryWriteBytes(ones[(4 * i)..], 1f);
        file.Write(ones);
        begin = (file.Position + 31) / 32 * 32;
        var random = new Random(4);
        byte[] block = new byte[BlockBytes];
        for (int word = 0; word < Words; word++)
        {
            file.Position = begin + ((long)word * (Word / 32) * BlockBytes);
            for (int i = 0; i < 4; i++)
            {
                random.NextBytes(block);
                BitConverter.TryWriteBytes(block, (Half)(1 / 8.0));
                file.Write(block);
            }
        }
    }

    private static void SaveProjection(string path)
    {
        using FileStream file = File.Create(path);
        file.Position = WriteGguf(file, ("text_embedding_projection.projection.weight", [TextStates, Text], 41));
        byte[] block = new byte[BlockBytes];
        Array.Fill(block, (byte)255);
        BitConverter.TryWriteBytes(block, (Half)(1 / 400.0));
        for (int i = 0; i < 49; i++)
            file.Write(block);
    }

    private static long WriteGguf(FileStream file, params (string Name, long[] Sizes, uint Type)[] tensors)
    {
        using var header = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
        header.Write("GGUF"u8);
        header.Write(3u);
        header.Write((ulong)tensors.Length);
        header.Write(0ul);
        long offset = 0;
        foreach ((string name, long[] sizes, uint type) in tensors)
        {
            header.Write((ulong)name.Length);
            header.Write(Encoding.UTF8.GetBytes(name));
            header.Write((uint)sizes.Length);
            foreach (long size in sizes)
                header.Write(size);
            header.Write(type);
            header.Write(offset);
            long numbers = sizes.Aggregate((a, b) => a * b);
            long bytes = type == 0 ? 4 * numbers : numbers / (type == 2 ? 32 : BlockLength) * BlockBytes;
            offset += (bytes + 31) / 32 * 32;
        }

        header.Flush();
        long begin = (file.Position + 31) / 32 * 32;
        file.SetLength(begin + offset);
        return begin;
    }
}
