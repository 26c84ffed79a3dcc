using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Writes LoRAs for the demo model, with notes as trainers write them.</summary>
internal static class TestLora
{
    private const string Matrix = "diffusion_model.layers.1.attention.qkv";

    /// <summary>A LoRA that changes one matrix of the demo model by a product of two vectors.</summary>
    /// <param name="path">The file.</param>
    /// <param name="notes">Its <c>__metadata__</c>.</param>
    /// <param name="strength">Of each number of the product, about.</param>
    public static void Write(string path, IReadOnlyDictionary<string, string> notes, float strength = 0.05f) =>
        WriteAll(path, notes, (Matrix + ".lora_B.weight", [768, 1], strength), (Matrix + ".lora_A.weight", [1, 256], 1));

    /// <summary>A safetensors file with these tensors.</summary>
    public static void WriteAll(string path, IReadOnlyDictionary<string, string> notes, params (string Name, long[] Shape, float Size)[] tensors)
    {
        var header = new StringBuilder("{\"__metadata__\":{");
        header.AppendJoin(',', notes.Select(note => $"{Quoted(note.Key)}:{Quoted(note.Value)}")).Append('}');
        List<float> values = [];
        foreach ((string name, long[] shape, float size) in tensors)
        {
            int begin = values.Count * sizeof(float);
            long count = shape.Aggregate(1L, (product, side) => product * side);
            for (long at = 0; at < count; at++)
                values.Add(size * (1 + (0.1f * MathF.Sin(at))));
            header.Append(CultureInfo.InvariantCulture, $",{Quoted(name)}:{{\"dtype\":\"F32\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{begin},{values.Count * sizeof(float)}]}}");
        }

        byte[] json = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        using FileStream file = File.Create(path);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        file.Write(length);
        file.Write(json);
        file.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)));
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
