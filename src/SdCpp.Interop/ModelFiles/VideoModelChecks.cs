using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>
/// What the engine ends the process over in files of video models, and pairs of experts that are not whole: the engine generates with one half
/// alone as well, noise or a blur.
/// </summary>
internal static class VideoModelChecks
{
    private const string HighNoisePlace = "high_noise_diffusion_model_path";

    // Before the engine knows a HunyuanVideo's width it takes it for this.
    private const long AssumedWidth = 2048;

    // LTX-2 reads Gemma 3 12B: the states before, between and after its 48 layers, each 3840 wide, side by side.
    private const long LtxText = 49 * 3840;

    // Its tables of shifts and scales.
    private const string TableRule = "scale_shift_table=f32";
    private const string RulesOption = "tensor_type_rules";

    // The notes of a file that say what it is called.
    private static readonly string[] Titles = ["general.name", "general.basename", "general.finetune", "modelspec.title"];
    private static readonly int[] WanLayers = [30, 40];

    /// <summary>What is wrong, in words for people.</summary>
    /// <param name="files">Each file, and where it is given.</param>
    public static IEnumerable<string> FindFaults((string Place, ModelFileInfo File)[] files)
    {
        foreach (ModelFileInfo file in files.Select(f => f.File).Where(f => f.Role is ModelRole.DiffusionModel or ModelRole.Checkpoint))
        {
            if (file.Family == ModelFamily.Wan && WanFault(file) is { } wan)
                yield return wan;
            if (file.Family == ModelFamily.HunyuanVideo && HunyuanFault(file) is { } hunyuan)
                yield return hunyuan;
        }

        foreach (string fault in PairFaults(files))
            yield return fault;
        if (LtxTextFault(files) is { } text)
            yield return text;
    }

    /// <summary>
    /// Has the engine read the tables of LTX as 32-bit numbers, whatever they are in the file and whatever is asked for: it multiplies its own with them,
    /// which the CPU cannot for other types, and ends the process.
    /// </summary>
    public static void KeepTables(IEnumerable<ModelFileInfo> files, EngineOptions options)
    {
        if (!files.Any(f => f.Family == ModelFamily.Ltx && f.Role is ModelRole.DiffusionModel or ModelRole.Checkpoint))
            return;
        // The first rule that fits holds.
        for (int i = 0; i < options.Count; i++)
        {
            if (options[i].Key == RulesOption)
                options[i] = new(RulesOption, $"{TableRule},{options[i].Value}");
        }

        if (!options.Exists(o => o.Key == RulesOption))
            options.AddIfSet(RulesOption, TableRule);
    }

    private static string? WanFault(ModelFileInfo file)
    {
        var names = new TensorNames(file.Tensors);
        if (names.Find("patch_embedding.weight") is not { } known)
            return null;
        int layers = ModelLayouts.Count(names, known.Name[..^"patch_embedding.weight".Length] + "blocks.");
        return WanLayers.Contains(layers) ? null : $"{file.Path} is a Wan of {layers} layers; the engine has those of {string.Join(" and ", WanLayers)} layers.";
    }

    private static string? HunyuanFault(ModelFileInfo file)
    {
        var names = new TensorNames(file.Tensors);
        if (names.Find("img_in.proj.bias")?.Shape is not [long width])
            return null;
        long assumed = AssumedWidth;
        long heads = 0;
        // In the engine's order: by name, the width among them.
        foreach (ModelTensor tensor in file.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            if (tensor.Name.EndsWith("img_in.proj.weight", StringComparison.Ordinal))
                assumed = width;
            else if (tensor.Name.EndsWith("double_blocks.0.img_attn.norm.key_norm.scale", StringComparison.Ordinal) && tensor.Shape is [> 0 and var head])
                heads = assumed / head;
        }

        return heads == 0 || (width % heads == 0 && width / heads == ModelFileChecks.Head)
            ? null
            : $"{file.Path} is a HunyuanVideo {width} wide; the engine takes it for one of {heads} heads, which has to be {heads * ModelFileChecks.Head} wide (HunyuanVideo 1.5 is).";
    }

    // Of other sizes the engine throws in each generation, after it has read some gigabytes.
    private static string? LtxTextFault((string Place, ModelFileInfo File)[] files)
    {
        if (!Array.Exists(files, f => f.File.Family == ModelFamily.Ltx) || Array.Find(files, f => f.Place == "llm_path").File is not { Format: not ModelFormat.PyTorch } encoder)
            return null;
        var names = new TensorNames(encoder.Tensors);
        (string words, string layer) = names.Has("token_embd.weight") ? ("token_embd.weight", "blk.") : ("embed_tokens.weight", "layers.");
        if (names.Find(words) is not { Shape: [_, long width] } known)
            return null;
        int layers = ModelLayouts.Count(names, known.Name[..^words.Length] + layer);
        return (Math.Max(layers, 1) + 1) * width == LtxText
            ? null
            : $"{encoder.Path} is a text encoder {width} wide of {layers} layers; LTX-2 reads Gemma 3 12B, which is 3840 wide and has 48.";
    }

    private static IEnumerable<string> PairFaults((string Place, ModelFileInfo File)[] files)
    {
        ModelFileInfo? high = Array.Find(files, f => f.Place == HighNoisePlace).File;
        ModelFileInfo? low = Array.Find(files, f => f.Place is "diffusion_model_path").File ?? Array.Find(files, f => f.Place is "model_path").File;
        if (low is null || low.Family != ModelFamily.Wan)
            yield break;
        if (Says(low, "high"))
        {
            yield return high is not null && Says(high, "low")
                ? $"{low.Path} is the high-noise half of a pair and {high.Path} the low-noise one: exchange them."
                : $"{low.Path} is the high-noise half of a pair: give it as HighNoiseDiffusionModelPath, and its low-noise half as DiffusionModelPath.";
        }
        else if (high is not null && Says(high, "low"))
        {
            yield return $"{high.Path} is the low-noise half of a pair; HighNoiseDiffusionModelPath needs the high-noise one.";
        }
        else if (high is null && Says(low, "low"))
        {
            yield return $"{low.Path} is the low-noise half of a pair: give its high-noise half as HighNoiseDiffusionModelPath.";
        }
    }

    private static bool Says(ModelFileInfo file, string which) => Titles.Any(title =>
        file.Metadata.TryGetValue(title, out string? name)
        && name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).Contains(which + "noise", StringComparison.OrdinalIgnoreCase));
}
