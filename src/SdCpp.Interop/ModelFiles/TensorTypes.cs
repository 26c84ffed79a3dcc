using System.Collections.Frozen;

namespace SdCpp.Interop;

/// <summary>How the numbers of a tensor are packed.</summary>
/// <param name="Name">Lower-case name.</param>
/// <param name="BlockLength">Numbers in a block.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="LoadedBytes">Bytes of a block once the engine has read it.</param>
internal sealed record TensorType(string Name, int BlockLength, int BlockBytes, int LoadedBytes)
{
    public TensorType(string name, int blockLength, int blockBytes) : this(name, blockLength, blockBytes, blockBytes) { }
}

/// <summary>The types that the two formats know.</summary>
internal static class TensorTypes
{
    // Numbers as in ggml.h; the gaps are types that ggml has removed.
    private static readonly FrozenDictionary<uint, TensorType> Ggml = new Dictionary<uint, TensorType>
    {
        [0] = new("f32", 1, 4),
        [1] = new("f16", 1, 2),
        [2] = new("q4_0", 32, 18),
        [3] = new("q4_1", 32, 20),
        [6] = new("q5_0", 32, 22),
        [7] = new("q5_1", 32, 24),
        [8] = new("q8_0", 32, 34),
        [9] = new("q8_1", 32, 36),
        [10] = new("q2_k", 256, 84),
        [11] = new("q3_k", 256, 110),
        [12] = new("q4_k", 256, 144),
        [13] = new("q5_k", 256, 176),
        [14] = new("q6_k", 256, 210),
        [15] = new("q8_k", 256, 292),
        [16] = new("iq2_xxs", 256, 66),
        [17] = new("iq2_xs", 256, 74),
        [18] = new("iq3_xxs", 256, 98),
        [19] = new("iq1_s", 256, 50),
        [20] = new("iq4_nl", 32, 18),
        [21] = new("iq3_s", 256, 110),
        [22] = new("iq2_s", 256, 82),
        [23] = new("iq4_xs", 256, 136),
        [24] = new("i8", 1, 1),
        [25] = new("i16", 1, 2),
        [26] = new("i32", 1, 4),
        [27] = new("i64", 1, 8),
        [28] = new("f64", 1, 8),
        [29] = new("iq1_m", 256, 56),
        [30] = new("bf16", 1, 2),
        [34] = new("tq1_0", 256, 54),
        [35] = new("tq2_0", 256, 66),
        [39] = new("mxfp4", 32, 17),
        [40] = new("nvfp4", 64, 36),
        [41] = new("q1_0", 128, 18),
        [42] = new("q2_0", 64, 18),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, TensorType> Safetensors = new Dictionary<string, TensorType>
    {
        ["F64"] = new("f64", 1, 8, 4),
        ["F32"] = new("f32", 1, 4),
        ["F16"] = new("f16", 1, 2),
        ["BF16"] = new("bf16", 1, 2),
        ["F8_E4M3"] = new("f8_e4m3", 1, 1, 2),
        ["F8_E5M2"] = new("f8_e5m2", 1, 1, 2),
        ["F8_E4M3FNUZ"] = new("f8_e4m3fnuz", 1, 1),
        ["F8_E5M2FNUZ"] = new("f8_e5m2fnuz", 1, 1),
        ["F8_E8M0"] = new("f8_e8m0", 1, 1),
        ["I64"] = new("i64", 1, 8, 4),
        ["I32"] = new("i32", 1, 4),
        ["I16"] = new("i16", 1, 2),
        ["I8"] = new("i8", 1, 1),
        ["U64"] = new("u64", 1, 8),
        ["U32"] = new("u32", 1, 4),
        ["U16"] = new("u16", 1, 2),
        // The engine passes over these.
        ["U8"] = new("u8", 1, 1, 0),
        ["BOOL"] = new("bool", 1, 1),
        ["C64"] = new("c64", 1, 8),
        // Several numbers share bytes; their count must fill whole ones.
        ["F4"] = new("f4", 2, 1),
        ["F6_E2M3"] = new("f6_e2m3", 4, 3),
        ["F6_E3M2"] = new("f6_e3m2", 4, 3),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, TensorType> ByName =
        Safetensors.Values.Concat(Ggml.Values).DistinctBy(t => t.Name).ToFrozenDictionary(t => t.Name);

    public static TensorType? OfGguf(uint id) => Ggml.GetValueOrDefault(id);

    public static TensorType? OfSafetensors(string name) => Safetensors.GetValueOrDefault(name);

    /// <summary>What a tensor takes in memory once the engine has read it.</summary>
    public static long LoadedBytes(ModelTensor tensor) =>
        ByName.TryGetValue(tensor.Type, out TensorType? type) ? tensor.Bytes / type.BlockBytes * type.LoadedBytes : tensor.Bytes;
}
