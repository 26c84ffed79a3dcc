using System.Runtime.InteropServices;
using System.Text;

namespace SdStudio.Tests;

/// <summary>A tensor of a computed model; without values it is zeros, which are holes in the file.</summary>
/// <param name="Name">As the engine knows it.</param>
/// <param name="Shape">Sizes, the slowest first.</param>
/// <param name="Values">Its numbers.</param>
internal sealed record TinyWeights(string Name, int[] Shape, Half[]? Values = null)
{
    private int Count => Shape.Aggregate((a, b) => a * b);

    private long Bytes => 2L * Count;

    public static TinyWeights Zeros(string name, params int[] shape) => new(name, shape);

    public static TinyWeights Filled(string name, Func<int, double> value, params int[] shape)
    {
        var weights = new TinyWeights(name, shape);
        return weights with { Values = [.. Enumerable.Range(0, weights.Count).Select(i => (Half)value(i))] };
    }

    public static TinyWeights Ones(string name, int count) => Filled(name, static _ => 1, count);

    /// <summary>Mostly zeros: the entries that are not.</summary>
    public static TinyWeights Sparse(string name, int[] shape, params (int Index, double Value)[] entries)
    {
        var weights = new TinyWeights(name, shape);
        var values = new Half[weights.Count];
        foreach ((int index, double value) in entries)
            values[index] = (Half)value;
        return weights with { Values = values };
    }

    public static IEnumerable<TinyWeights> Linear(string name, int to, int from) => [Zeros(name + ".weight", to, from), Zeros(name + ".bias", to)];

    /// <summary>Writes a safetensors file of 16-bit numbers.</summary>
    public static void Save(string path, IEnumerable<TinyWeights> tensors)
    {
        TinyWeights[] all = [.. tensors];
        using FileStream file = File.Create(path);
        long offset = 0;
        List<string> entries = [];
        foreach (TinyWeights w in all)
        {
            entries.Add($"\"{w.Name}\":{{\"dtype\":\"F16\",\"shape\":[{string.Join(',', w.Shape)}],\"data_offsets\":[{offset},{offset + w.Bytes}]}}");
            offset += w.Bytes;
        }

        byte[] header = Encoding.UTF8.GetBytes("{" + string.Join(',', entries) + "}");
        file.Write(BitConverter.GetBytes((ulong)header.Length));
        file.Write(header);
        long begin = file.Position;
        file.SetLength(begin + offset);
        foreach (TinyWeights w in all)
        {
            if (w.Values is null)
                file.Seek(w.Bytes, SeekOrigin.Current);
            else
                file.Write(MemoryMarshal.AsBytes(w.Values.AsSpan()));
        }
    }
}
