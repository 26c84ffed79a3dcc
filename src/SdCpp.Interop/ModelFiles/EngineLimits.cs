using System.Globalization;

namespace SdCpp.Interop;

/// <summary>
/// What a file may hold that its format allows but the engine gives up the process over, whatever the family: found by giving it mutated files.
/// </summary>
internal static class EngineLimits
{
    // Between numbers some layers have no weights: an activation, a doubling of the side.
    private const int LayersWithoutWeights = 64;

    // The engine converts weights to the type that it computes with; these it cannot convert. No published model has weights of them:
    // the first two exist only while ggml computes, the rest are for counters and positions, which the engine does not load.
    private static readonly string[] NoWeightsInGguf = ["q8_1", "q8_k", "i8", "i16", "i32", "i64", "f64"];

    // Of safetensors it refuses the types that it does not know by itself, and narrows f64 and 8-bit floats.
    private static readonly string[] NoWeightsInSafetensors = ["i32", "i64"];

    private static readonly string[] WeightEndings = [".weight", ".bias", "_pad_token", ".diff", ".diff_b"];

    /// <summary>Throws for a file that would end the process.</summary>
    public static void Check(ModelFileInfo file)
    {
        foreach (ModelTensor tensor in file.Tensors)
        {
            if (IsWeight(tensor.Name))
                CheckWeight(file, tensor);
            if (file.Role != ModelRole.Lora && LargestNumber(tensor.Name) is { } number && number > file.Tensors.Count + LayersWithoutWeights)
            {
                throw ModelFileErrors.Invalid(file.Path,
                    $"contradicts itself: tensor {ModelFileErrors.Quoted(tensor.Name)} belongs to layer {number}, but the file has {file.Tensors.Count} tensors.");
            }
        }
    }

    /// <summary>The same for a textual inversion, whose bytes the engine takes for numbers of 32 bits, whatever they are.</summary>
    public static void CheckEmbedding(ModelFileInfo file)
    {
        Check(file);
        if (file.Tensors.FirstOrDefault(tensor => tensor.Type != "f32") is { } other)
            throw ModelFileErrors.Invalid(file.Path, $"is a textual inversion of type {other.Type}; the engine reads f32 alone, and takes anything else for noise. Save it as f32.");
    }

    private static void CheckWeight(ModelFileInfo file, ModelTensor tensor)
    {
        // The engine divides by the sizes.
        if (tensor.Shape.Contains(0))
            throw ModelFileErrors.Invalid(file.Path, $"contradicts itself: tensor {ModelFileErrors.Quoted(tensor.Name)} holds no numbers.");
        string[] types = file.Format == ModelFormat.Gguf ? NoWeightsInGguf : NoWeightsInSafetensors;
        if (types.Contains(tensor.Type))
        {
            throw ModelFileErrors.Invalid(file.Path,
                $"has a tensor {ModelFileErrors.Quoted(tensor.Name)} of type {tensor.Type}, which the engine cannot compute with.");
        }
    }

    private static bool IsWeight(string name) =>
        Array.Exists(WeightEndings, e => name.EndsWith(e, StringComparison.Ordinal))
        || name.Contains(".lora_", StringComparison.Ordinal) || name.Contains(".lokr_", StringComparison.Ordinal) || name.Contains(".hada_", StringComparison.Ordinal);

    // The engine counts layers by the largest number between dots, and makes room for as many.
    private static long? LargestNumber(string name)
    {
        long? largest = null;
        foreach (Range part in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> text = name.AsSpan(part);
            if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9'))
                continue;
            long number = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : long.MaxValue;
            largest = Math.Max(largest ?? 0, number);
        }
        return largest;
    }
}
