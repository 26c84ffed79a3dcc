namespace SdCpp.Interop;

/// <summary>Whether a LoRA changes anything in a model.</summary>
internal enum LoraFit
{
    /// <summary>At least one of its tensors has a place in the model.</summary>
    Fits,

    /// <summary>None of its tensors has a place in the model.</summary>
    FitsNothing,

    /// <summary>The names do not tell: the engine translates between several sets of them.</summary>
    Unknown,
}

/// <summary>Finds files that cannot work together, before the engine spends a minute on them or gives up on the process.</summary>
internal static class ModelFileChecks
{
    // What the tokenizer of Qwen3 can produce.
    private const int QwenVocabulary = 151_936;

    // Attention heads of Z-Image (its rotary positions are 32 + 48 + 48 wide) and of Qwen3: fixed in the engine, which gives up on the
    // process over others.
    public const int Head = 128;
    private const int ZImageLeastWidth = 256;

    public static readonly ModelFamily[] Unets = [ModelFamily.Sd1, ModelFamily.Sd2, ModelFamily.Sdxl];

    private static readonly string[] HeadNorms = ["attention.q_norm.weight", "attention.k_norm.weight", "attention.norm_q.weight", "attention.norm_k.weight"];
    private static readonly string[] QwenHeadNorms = ["attn_q_norm.weight", "attn_k_norm.weight", "self_attn.q_norm.weight", "self_attn.k_norm.weight"];

    private static readonly ModelFamily[] SameNamesAsTheirLoras = [ModelFamily.ZImage, ModelFamily.QwenImage, ModelFamily.Wan];

    /// <summary>What is certain to be wrong with these files as parts of one model, in words for people.</summary>
    /// <param name="files">All files.</param>
    /// <param name="languageModel">The one among them that is given as language model; the others are looked at for one.</param>
    public static IReadOnlyList<string> FindMismatches(IReadOnlyCollection<ModelFileInfo> files, ModelFileInfo? languageModel = null)
    {
        List<string> found = [];
        foreach (ModelFileInfo model in files.Where(IsZImage))
        {
            CheckWidth(model, found);
            foreach (ModelFileInfo encoder in files.Where(f => ReferenceEquals(f, languageModel) || IsLanguageModel(f)))
                CheckEncoder(model, encoder, found);
        }
        return found;
    }

    /// <summary>The first tensor that the engine would miss, or find of another size, in words; null where all is right or not known.</summary>
    public static string? FindFault(IReadOnlyCollection<ModelFileInfo> files, ModelFileInfo? languageModel)
    {
        ModelFileInfo[] models = [.. files.Where(IsZImage)];
        foreach (ModelFileInfo model in models)
        {
            if (ZImageFault(model) is { } fault)
                return fault;
        }
        return models.Length > 0 && languageModel is not null ? Qwen3Fault(languageModel) : null;
    }

    /// <summary>The same for an upscaler.</summary>
    public static string? FindUpscalerFault(ModelFileInfo file)
    {
        var names = new TensorNames(file.Tensors);
        // Named as first published, it is not checked here.
        if (names.Exact("conv_first.weight") is null && ModelLayouts.Count(names, "body.") == 0)
            return null;
        int doublings = names.Exact("conv_up2.weight") is not null ? 2 : names.Exact("conv_up1.weight") is not null ? 1 : 0;
        return ModelLayouts.FirstFault(file, names, "", "an ESRGAN", ModelLayouts.Esrgan(ModelLayouts.Count(names, "body."), doublings));
    }

    /// <summary>Whether the names of a LoRA have a place in these files.</summary>
    public static LoraFit FitOf(ModelFileInfo lora, IReadOnlyCollection<ModelFileInfo> model)
    {
        // The engine passes over what has other sizes, and generates as without the LoRA.
        ModelFamily family = model.Select(f => f.Family).FirstOrDefault(f => f != ModelFamily.Unknown);
        if (lora.Family != ModelFamily.Unknown && family != ModelFamily.Unknown && lora.Family != family && (Unets.Contains(lora.Family) || Unets.Contains(family)))
            return LoraFit.FitsNothing;
        HashSet<string> names = [.. model.SelectMany(f => f.Tensors).Select(t => LoraNames.Fold(t.Name))];
        List<string> wanted = [.. lora.Tensors.Select(t => LoraNames.Fold(t.Name)).Distinct(StringComparer.Ordinal)];
        if (wanted.Exists(names.Contains))
            return LoraFit.Fits;
        if (!model.Any(f => SameNamesAsTheirLoras.Contains(f.Family)) || lora.Tensors.Any(t => LoraNames.IsForTextEncoder(t.Name)))
            return LoraFit.Unknown;
        // The same block under the same name, but other parts in it: one of the two may write q, k and v as one.
        HashSet<string?> blocks = [.. names.Select(LoraNames.BlockOf).Where(b => b is not null)];
        return wanted.Exists(n => blocks.Contains(LoraNames.BlockOf(n))) ? LoraFit.Unknown : LoraFit.FitsNothing;
    }

    // The engine takes everything with this tensor for Z-Image.
    private static bool IsZImage(ModelFileInfo file) => file.Role != ModelRole.Lora
        && (file.Family is ModelFamily.ZImage or ModelFamily.Lumina2 || new TensorNames(file.Tensors).Has("cap_embedder.0.weight"));

    private static string? ZImageFault(ModelFileInfo file)
    {
        var names = new TensorNames(file.Tensors);
        // Written with q, k and v apart, or packed, the engine translates it first.
        if (IsPacked(file) || names.Contains(".attention.to_q.") || names.Find("cap_embedder.0.weight") is not { } known)
            return null;
        string prefix = known.Name[..^"cap_embedder.0.weight".Length];
        if (names.Exact(prefix + "cap_embedder.1.weight")?.Shape is not [long width, long text])
            return $"{file.Path} lacks tensor '{prefix}cap_embedder.1.weight', which Z-Image has.";
        int refiners = Math.Max(ModelLayouts.Count(names, prefix + "noise_refiner."), ModelLayouts.Count(names, prefix + "context_refiner."));
        return ModelLayouts.FirstFault(file, names, prefix, "Z-Image",
            ModelLayouts.ZImage(width, text, Math.Max(1, ModelLayouts.Count(names, prefix + "layers.")), Math.Max(1, refiners)));
    }

    private static string? Qwen3Fault(ModelFileInfo file)
    {
        var names = new TensorNames(file.Tensors);
        bool isLlama = names.Has("token_embd.weight");
        string embedding = isLlama ? "token_embd.weight" : "embed_tokens.weight";
        if (IsPacked(file))
            return null;
        if (names.Find(embedding) is not { Shape: [long rows, long width] } known)
            return $"{file.Path} lacks tensor '{embedding}', which Qwen3 has.";
        string prefix = known.Name[..^embedding.Length];
        string layers = prefix + (isLlama ? "blk." : "layers.");
        long heads = Rows(isLlama ? "0.attn_q.weight" : "0.self_attn.q_proj.weight");
        long feedForward = Rows(isLlama ? "0.ffn_gate.weight" : "0.mlp.gate_proj.weight");
        return ModelLayouts.FirstFault(file, names, prefix, "Qwen3",
            ModelLayouts.Qwen3(isLlama, rows, width, heads, feedForward, Math.Max(1, ModelLayouts.Count(names, layers))));

        long Rows(string name) => names.Exact(layers + name)?.Shape is [long count, _] ? count : 0;
    }

    // Several numbers share a byte: shapes are not those of the weights.
    private static bool IsPacked(ModelFileInfo file) =>
        file.Tensors.Any(t => t.Type == "u8" && t.Name.EndsWith(".weight", StringComparison.Ordinal));

    private static void CheckWidth(ModelFileInfo model, List<string> found)
    {
        if (new TensorNames(model.Tensors).Find("x_embedder.weight")?.Shape is [long width, _]
            && (width < ZImageLeastWidth || width % Head != 0))
        {
            found.Add($"{model.Path} is {width} wide; Z-Image is a multiple of {Head} wide, and at least {ZImageLeastWidth}.");
        }
        // Lumina-Image 2.0 has the same names and is a multiple of 128 wide, but other heads.
        if (OtherHead(model, HeadNorms) is { } head)
            found.Add($"{model.Path} has attention heads {head} wide; those of Z-Image are {Head} wide.");
    }

    private static long? OtherHead(ModelFileInfo file, string[] norms) => file.Tensors
        .Where(t => t.Shape.Count == 1 && t.Shape[0] != Head && norms.Any(n => t.Name.EndsWith(n, StringComparison.Ordinal)))
        .Select(t => (long?)t.Shape[0])
        .FirstOrDefault();

    private static void CheckEncoder(ModelFileInfo model, ModelFileInfo encoder, List<string> found)
    {
        if (Embedding(encoder)?.Shape is not [long rows, long width])
            return;
        if (new TensorNames(model.Tensors).Find("cap_embedder.1.weight")?.Shape is [_, long wanted] && wanted != width)
            found.Add($"{encoder.Path} is a text encoder of width {width}, but {model.Path} was made for one of width {wanted}.");
        if (rows < QwenVocabulary)
            found.Add($"{encoder.Path} is a text encoder with {rows} tokens, but {model.Path} needs one with {QwenVocabulary} (Qwen3).");
        if (OtherHead(encoder, QwenHeadNorms) is { } head)
            found.Add($"{encoder.Path} is a text encoder with attention heads {head} wide, but {model.Path} needs one with heads {Head} wide (Qwen3).");
    }

    // T5 and CLIP files may lie beside it without being used.
    private static bool IsLanguageModel(ModelFileInfo file) =>
        file.Role == ModelRole.TextEncoder
        && file.Tensors.Any(t =>
            t.Name.StartsWith("blk.0.attn_q", StringComparison.Ordinal)
            || (t.Name.EndsWith("layers.0.self_attn.q_proj.weight", StringComparison.Ordinal)
                && !t.Name.Contains("text_model.", StringComparison.Ordinal)));

    private static ModelTensor? Embedding(ModelFileInfo encoder)
    {
        var names = new TensorNames(encoder.Tensors);
        return names.Find("token_embd.weight") ?? names.Find("embed_tokens.weight");
    }
}
