namespace SdCpp.Interop.Tests;

/// <summary>Makes mutants of the demo model's files and of LoRAs for it: the same for the same seed and number, on every machine.</summary>
internal sealed class MutantMaker
{
    private readonly Dictionary<(MutantTarget Target, bool IsGguf), ModelDocument> _originals = [];

    public MutantMaker(DemoModelFiles files)
    {
        Add(MutantTarget.Denoiser, files.DiffusionModel);
        Add(MutantTarget.TextEncoder, files.TextEncoder);
        Add(MutantTarget.Taesd, files.Taesd);
        Add(MutantTarget.UpscalerX4, files.UpscalerX4);
        Add(MutantTarget.UpscalerX2, files.UpscalerX2);
        ModelDocument lora = MutantLora.Build();
        _originals[(MutantTarget.Lora, true)] = lora;
        _originals[(MutantTarget.Lora, false)] = lora;
    }

    public Mutant Make(int seed, int number)
    {
        // System.Random gives the same numbers for a seed in every version of .NET.
        var random = new Random((seed * 1_000_003) + number);
        MutantTarget target = random.Next(10) switch
        {
            < 3 => MutantTarget.Denoiser,
            < 6 => MutantTarget.TextEncoder,
            6 => MutantTarget.Taesd,
            7 => random.Next(2) == 0 ? MutantTarget.UpscalerX4 : MutantTarget.UpscalerX2,
            _ => MutantTarget.Lora,
        };
        bool isGguf = random.Next(3) > 0;
        ModelDocument document = _originals[(target, isGguf)].Copy();
        List<string> done = [];
        if (random.Next(5) < 3)
        {
            for (int changes = random.Next(4) == 0 ? 2 : 1; changes > 0; changes--)
                done.Add(DocumentMutations.Apply(document, random));
        }
        ArraySegment<byte> bytes = isGguf && random.Next(30) == 0 ? DocumentMutations.Realign(document, random, done)
            : isGguf ? document.ToGguf() : document.ToSafetensors();
        int header = HeaderLength(document, bytes);
        if (done.Count == 0 || random.Next(8) == 0)
            bytes = ByteMutations.Apply(bytes, header, random, done);
        return new Mutant(target, isGguf, bytes, Math.Min(header, bytes.Count), string.Join("; ", done));
    }

    /// <summary>The files as they are, in both formats, to see that what is refused is refused for its changes.</summary>
    public IEnumerable<Mutant> Originals() => _originals.Select(o =>
    {
        ArraySegment<byte> bytes = o.Key.IsGguf ? o.Value.ToGguf() : o.Value.ToSafetensors();
        return new Mutant(o.Key.Target, o.Key.IsGguf, bytes, HeaderLength(o.Value, bytes), "unchanged");
    });

    private static int HeaderLength(ModelDocument document, ArraySegment<byte> file) =>
        Math.Max(1, file.Count - document.Tensors.Sum(t => t.Data.Length));

    private void Add(MutantTarget target, string path)
    {
        ModelDocument gguf = ModelDocument.Read(File.ReadAllBytes(path));
        _originals[(target, true)] = gguf;
        _originals[(target, false)] = ModelDocument.OfTensors(gguf.Tensors.Select(t => Plain(target, t)));
    }

    // safetensors have no blocks, and the names of the model's authors in place of llama.cpp's.
    private static DocumentTensor Plain(MutantTarget target, DocumentTensor tensor)
    {
        string name = target == MutantTarget.TextEncoder ? QwenName(tensor.Name) : tensor.Name;
        return tensor.Type is 0 or 1 ? tensor with { Name = name } : ModelDocument.Reshaped(tensor, tensor.Shape, 1) with { Name = name };
    }

    private static string QwenName(string name) => "model." + name
        .Replace("token_embd", "embed_tokens", StringComparison.Ordinal)
        .Replace("output_norm", "norm", StringComparison.Ordinal)
        .Replace("blk.", "layers.", StringComparison.Ordinal)
        .Replace("attn_q_norm", "self_attn.q_norm", StringComparison.Ordinal)
        .Replace("attn_k_norm", "self_attn.k_norm", StringComparison.Ordinal)
        .Replace("attn_norm", "input_layernorm", StringComparison.Ordinal)
        .Replace("ffn_norm", "post_attention_layernorm", StringComparison.Ordinal)
        .Replace("attn_output", "self_attn.o_proj", StringComparison.Ordinal)
        .Replace("attn_q", "self_attn.q_proj", StringComparison.Ordinal)
        .Replace("attn_k", "self_attn.k_proj", StringComparison.Ordinal)
        .Replace("attn_v", "self_attn.v_proj", StringComparison.Ordinal)
        .Replace("ffn_gate", "mlp.gate_proj", StringComparison.Ordinal)
        .Replace("ffn_up", "mlp.up_proj", StringComparison.Ordinal)
        .Replace("ffn_down", "mlp.down_proj", StringComparison.Ordinal);
}

/// <summary>A LoRA of each kind for the demo model.</summary>
internal static class MutantLora
{
    public static ModelDocument Build() => ModelDocument.OfTensors(
    [
        Make("diffusion_model.layers.0.attention.qkv.lora_A.weight", 256, 2),
        Make("diffusion_model.layers.0.attention.qkv.lora_B.weight", 2, 768),
        Make("diffusion_model.layers.0.attention.qkv.alpha", 1),
        Make("diffusion_model.layers.1.feed_forward.w2.lora_down.weight", 768, 4),
        Make("diffusion_model.layers.1.feed_forward.w2.lora_up.weight", 4, 256),
        Make("diffusion_model.layers.2.attention.out.lokr_w1", 16, 16),
        Make("diffusion_model.layers.2.attention.out.lokr_w2", 16, 16),
    ]);

    private static DocumentTensor Make(string name, params ulong[] shape) => new(name, shape, 0, new byte[ModelDocument.Bytes(shape, 0)]);
}
