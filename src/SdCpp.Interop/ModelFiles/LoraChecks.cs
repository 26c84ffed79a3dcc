namespace SdCpp.Interop;

/// <summary>
/// LoRAs that the engine gives up the process over. It passes over pairs whose sizes do not fit the model; what is here it does not look at.
/// </summary>
internal static class LoraChecks
{
    private static readonly string[] TypesOfScales = ["f32", "f16", "bf16", "i32"];

    private const string KroneckerMark = ".lokr_";

    private static readonly string[] NamesOfNorms = ["norm", "norm_out", "_ln", "ln_final"];

    private static readonly string[] NamesOfConvolutions = ["conv", "in_layers_2", "out_layers_3", "skip_connection", "_op", "proj_in", "proj_out"];

    /// <summary>Throws for a LoRA that would end the process when it is applied to this model.</summary>
    /// <param name="lora">The LoRA.</param>
    /// <param name="model">The files of the model.</param>
    /// <param name="isPrebuilt">Whether the engine is the prebuilt one, which lacks a conversion that two kinds of LoRA need.</param>
    public static void Check(ModelFileInfo lora, IReadOnlyCollection<ModelFileInfo> model, bool isPrebuilt)
    {
        EngineLimits.Check(lora);
        foreach (ModelTensor tensor in lora.Tensors)
        {
            if (tensor.Shape.Contains(0))
                throw ModelFileErrors.Invalid(lora.Path, $"contradicts itself: tensor {ModelFileErrors.Quoted(tensor.Name)} holds no numbers.");
            if (lora.Format == ModelFormat.Gguf && IsScale(tensor.Name) && !TypesOfScales.Contains(tensor.Type))
                throw ModelFileErrors.Invalid(lora.Path, $"has a scale {ModelFileErrors.Quoted(tensor.Name)} of type {tensor.Type}; the engine reads {string.Join(", ", TypesOfScales)}.");
            if (isPrebuilt && IsOfUnusableKind(tensor.Name))
            {
                throw new SdException(SdError.NotSupported,
                    $"{lora.Path} is a LoRA with {ModelFileErrors.Quoted(tensor.Name)}: LoHa and whole differences end the process in this engine build; "
                    + "use a LoRA of the usual kind (lora_up and lora_down), or an engine built from source.");
            }
        }
        CheckTargets(lora, model);
    }

    private static bool IsScale(string name) => name.EndsWith(".alpha", StringComparison.Ordinal) || name.EndsWith(".scale", StringComparison.Ordinal);

    private static bool IsOfUnusableKind(string name) =>
        name.Contains(".hada_", StringComparison.Ordinal) || name.EndsWith(".diff", StringComparison.Ordinal) || name.EndsWith(".diff_b", StringComparison.Ordinal);

    private static void CheckTargets(ModelFileInfo lora, IReadOnlyCollection<ModelFileInfo> model)
    {
        ILookup<string, ModelTensor> places = model.SelectMany(f => f.Tensors)
            .Where(t => t.Name.EndsWith(".weight", StringComparison.Ordinal))
            .ToLookup(t => LoraNames.Fold(t.Name), StringComparer.Ordinal);
        // By the names as they are: the engine does not put factors together that are written in two ways.
        foreach (IGrouping<string, ModelTensor> change in lora.Tensors.Where(t => FactorAt(t.Name) > 0).GroupBy(t => t.Name[..FactorAt(t.Name)], StringComparer.Ordinal))
        {
            string target = LoraNames.Fold(change.First().Name);
            ModelTensor[] weights = [.. places[target]];
            if (IsVector(target, weights))
            {
                throw ModelFileErrors.Invalid(lora.Path,
                    $"changes {ModelFileErrors.Quoted(target)} by factors, but that is a list of numbers and no matrix; the engine cannot apply it.");
            }
            var product = new Kronecker(change);
            if (product.IsOne && product.Fault(target, weights) is { } fault)
                throw ModelFileErrors.Invalid(lora.Path, fault);
        }
    }

    private static int FactorAt(string name) => Math.Max(name.LastIndexOf(".lora", StringComparison.Ordinal), name.LastIndexOf(KroneckerMark, StringComparison.Ordinal));

    // Norms have one number a channel. Where the model has other names than the LoRA, the name must tell.
    private static bool IsVector(string target, ModelTensor[] weights) => weights.Length > 0
        ? Array.TrueForAll(weights, w => w.Shape.Count < 2)
        : Array.Exists(NamesOfNorms, n => target.AsSpan().TrimEnd("_0123456789").EndsWith(n, StringComparison.Ordinal));

    /// <summary>The factors of one change that is a Kronecker product.</summary>
    private sealed class Kronecker(IEnumerable<ModelTensor> change)
    {
        // By what follows the mark, to the end: the engine knows no other ends.
        private readonly Dictionary<string, ModelTensor> _factors = change
            .Where(t => t.Name.Contains(KroneckerMark, StringComparison.Ordinal))
            .DistinctBy(EndOf, StringComparer.Ordinal)
            .ToDictionary(EndOf, StringComparer.Ordinal);

        public bool IsOne => _factors.Count > 0;

        public string? Fault(string target, ModelTensor[] weights)
        {
            string name = ModelFileErrors.Quoted(target);
            if (!IsWhole("w1") || !IsWhole("w2"))
                return $"is damaged: its change of {name} lacks one of its two factors.";
            if (_factors.ContainsKey("t2"))
                return $"changes {name} by a LoKr in Tucker form, which the engine cannot apply.";
            if (_factors.GetValueOrDefault("w1") is not { } first || _factors.GetValueOrDefault("w2") is not { } second)
                return IsConvolution(target, weights) ? null : $"changes {name} by a LoKr whose factors are products themselves, which the engine cannot apply.";
            if (first.Shape.Count != 2 || second.Shape.Count is not (2 or 4))
                return $"contradicts itself: the factors of its change of {name} are no matrices.";
            return weights.Length == 0 || Array.Exists(weights, w => Fits(w, first, second)) ? null : $"changes {name} by a LoKr for a model of other sizes.";
        }

        private static bool IsConvolution(string target, ModelTensor[] weights) => weights.Length > 0
            ? Array.Exists(weights, w => w.Shape.Count > 2)
            : Array.Exists(NamesOfConvolutions, n => target.Contains(n, StringComparison.Ordinal));

        private static bool Fits(ModelTensor weight, ModelTensor first, ModelTensor second) =>
            weight.Shape is [long rows, long columns, ..]
            && rows == first.Shape[0] * second.Shape[0]
            && columns == first.Shape[1] * second.Shape[1]
            && weight.Shape.Skip(2).SequenceEqual(second.Shape.Skip(2));

        private static string EndOf(ModelTensor tensor) =>
            tensor.Name[(tensor.Name.LastIndexOf(KroneckerMark, StringComparison.Ordinal) + KroneckerMark.Length)..];

        private bool IsWhole(string factor) =>
            _factors.ContainsKey(factor) || (_factors.ContainsKey(factor + "_a") && _factors.ContainsKey(factor + "_b"));
    }
}
