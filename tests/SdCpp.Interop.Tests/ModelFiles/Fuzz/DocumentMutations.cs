using System.Globalization;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Tests;

/// <summary>Changes to what a file says that leave it a well-formed file.</summary>
internal static class DocumentMutations
{
    // Sizes of the demo model, each to be replaced everywhere at once: the file stays consistent in itself.
    private static readonly ulong[] Widths = [64, 256, 128, 768, 1024, 4096, 32, 3, 16, 151_936];

    private static readonly float[] Poisons = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 3e38f, 0, 1e30f];

    private static readonly uint[] OddTypes = [4, 5, 31, 36, 38, 43, 99, uint.MaxValue];

    public static string Apply(ModelDocument document, Random random)
    {
        if (document.Tensors.Count == 0)
            return "no tensors";
        int at = random.Next(document.Tensors.Count);
        DocumentTensor tensor = document.Tensors[at];
        switch (random.Next(20))
        {
            case 0:
                return Replace(document, at, ModelDocument.Reshaped(tensor, [.. tensor.Shape.Reverse()], tensor.Type), "dims swapped");
            case 1:
            case 2:
                return Resize(document, at, random);
            case 3:
                return Replace(document, at, ModelDocument.Reshaped(tensor, Redimension(tensor.Shape, random), tensor.Type), "dims");
            case 4:
            case 5:
                return Retype(document, at, random);
            case 6:
                return RetypeAll(document, random);
            case 7:
                return Rename(document, at, random);
            case 8:
                document.Tensors.RemoveAt(at);
                return $"removed {tensor.Name}";
            case 9:
                document.Tensors.Add(random.Next(2) == 0 ? tensor : tensor with { Name = document.Tensors[random.Next(document.Tensors.Count)].Name });
                return $"again {document.Tensors[^1].Name}";
            case 10:
            case 11:
                return Poison(document, at, random);
            case 12:
                return Misplace(document, at, random);
            case 13:
                return Annotate(document, random);
            case 14:
            case 15:
            case 16:
                return Widen(document, random);
            case 17:
            case 18:
                return Renumber(document, random);
            default:
                return Thin(document, random);
        }
    }

    /// <summary>The file with its data aligned to something else, and a note that says so, or something else again.</summary>
    public static ArraySegment<byte> Realign(ModelDocument document, Random random, List<string> done)
    {
        int[] all = [1, 2, 4, 8, 16, 64, 256, 4096];
        int alignment = all[random.Next(all.Length)];
        uint said = random.Next(3) == 0 ? (uint)random.Next(5000) : (uint)alignment;
        document.Notes.Add(("general.alignment", 4, BitConverter.GetBytes(said)));
        done.Add(string.Create(CultureInfo.InvariantCulture, $"aligned to {alignment}, says {said}"));
        return document.ToGguf(alignment);
    }

    private static string Replace(ModelDocument document, int at, DocumentTensor changed, string what)
    {
        DocumentTensor tensor = document.Tensors[at];
        document.Tensors[at] = changed;
        return string.Create(CultureInfo.InvariantCulture,
            $"{what} {tensor.Name} [{string.Join(',', tensor.Shape)}] {tensor.Type} -> {changed.Name} [{string.Join(',', changed.Shape)}] {changed.Type}");
    }

    private static string Resize(ModelDocument document, int at, Random random)
    {
        DocumentTensor tensor = document.Tensors[at];
        if (tensor.Shape.Length == 0)
            return "no size to change";
        ulong[] shape = [.. tensor.Shape];
        int dimension = random.Next(shape.Length);
        ulong size = shape[dimension];
        shape[dimension] = random.Next(10) switch
        {
            0 => size * 2,
            1 => size / 2,
            2 => size + 1,
            3 => size - 1,
            4 => 0,
            5 => 1,
            6 => size + 32,
            7 => size > 32 ? size - 32 : 32,
            8 => 1UL << random.Next(64),
            _ => (ulong)random.Next(1, 1024),
        };
        return Replace(document, at, ModelDocument.Reshaped(tensor, shape, tensor.Type), "size");
    }

    private static ulong[] Redimension(ulong[] shape, Random random) => random.Next(6) switch
    {
        0 => [],
        1 => [.. shape, 1],
        2 => [1, .. shape],
        3 => [.. shape, 1, 1, 1],
        4 => [shape.Aggregate(1UL, (product, size) => product * size)],
        _ => shape.Length > 1 ? [shape[0] * shape[1], .. shape[2..]] : [2, .. shape],
    };

    private static uint AnyType(Random random) =>
        random.Next(12) == 0 ? OddTypes[random.Next(OddTypes.Length)] : ModelDocument.TypeNumbers.ElementAt(random.Next(ModelDocument.TypeNumbers.Count()));

    private static string Retype(ModelDocument document, int at, Random random) =>
        Replace(document, at, ModelDocument.Reshaped(document.Tensors[at], document.Tensors[at].Shape, AnyType(random)), "type");

    private static string RetypeAll(ModelDocument document, Random random)
    {
        uint type = AnyType(random);
        int dimensions = random.Next(1, 5);
        for (int i = 0; i < document.Tensors.Count; i++)
        {
            if (document.Tensors[i].Shape.Length == dimensions)
                document.Tensors[i] = ModelDocument.Reshaped(document.Tensors[i], document.Tensors[i].Shape, type);
        }
        return string.Create(CultureInfo.InvariantCulture, $"all of {dimensions} dims of type {type}");
    }

    private static string Rename(ModelDocument document, int at, Random random)
    {
        string name = document.Tensors[at].Name;
        string renamed = random.Next(6) switch
        {
            0 => name + ".1",
            1 => "model.diffusion_model." + name,
            2 => name.Replace('.', '_'),
            3 => name.ToUpperInvariant(),
            4 => string.Concat(name.Select((c, i) => i == name.Length / 2 ? (char)(c + 1) : c)),
            _ => new string('x', random.Next(1, 300)),
        };
        return Replace(document, at, document.Tensors[at] with { Name = renamed }, "renamed");
    }

    private static string Poison(ModelDocument document, int at, Random random)
    {
        DocumentTensor tensor = document.Tensors[at];
        float value = Poisons[random.Next(Poisons.Length)];
        byte[] data = [.. tensor.Data];
        if (tensor.Type == 1)
            MemoryMarshal.Cast<byte, Half>(data.AsSpan()).Fill((Half)value);
        else
            MemoryMarshal.Cast<byte, float>(data.AsSpan()).Fill(value);
        return Replace(document, at, tensor with { Data = data }, string.Create(CultureInfo.InvariantCulture, $"all {value}"));
    }

    private static string Misplace(ModelDocument document, int at, Random random)
    {
        ulong offset = random.Next(5) switch
        {
            0 => 0,
            1 => (ulong)random.Next(1 << 20) * 32,
            2 => (ulong)random.Next(1 << 20),
            3 => 1UL << random.Next(64),
            _ => ulong.MaxValue - (ulong)random.Next(64),
        };
        return Replace(document, at, document.Tensors[at] with { ClaimedOffset = offset }, string.Create(CultureInfo.InvariantCulture, $"at {offset}"));
    }

    private static string Annotate(ModelDocument document, Random random)
    {
        string[] keys = ["general.architecture", "general.alignment", "general.file_type", "tokenizer.ggml.tokens", "any"];
        string key = keys[random.Next(keys.Length)];
        uint type = (uint)random.Next(15);
        byte[] value = new byte[random.Next(40)];
        random.NextBytes(value);
        if (random.Next(2) == 0)
            document.Notes.RemoveAll(n => n.Key == key);
        document.Notes.Add((key, type, value));
        return string.Create(CultureInfo.InvariantCulture, $"note {key} of type {type}, {value.Length} bytes");
    }

    private static string Widen(ModelDocument document, Random random)
    {
        ulong[] present = [.. Widths.Where(w => document.Tensors.Exists(t => t.Shape.Contains(w)))];
        if (present.Length == 0)
            return "no width to change";
        ulong from = present[random.Next(present.Length)];
        ulong to = random.Next(8) switch
        {
            0 => from * 2,
            1 => Math.Max(1, from / 2),
            2 => from + 1,
            3 => from - 1,
            4 => from + 128,
            5 => from + 32,
            6 => from + 256,
            _ => (ulong)random.Next(1, 600),
        };
        for (int i = 0; i < document.Tensors.Count; i++)
        {
            DocumentTensor tensor = document.Tensors[i];
            if (tensor.Shape.Contains(from))
                document.Tensors[i] = ModelDocument.Reshaped(tensor, [.. tensor.Shape.Select(s => s == from ? to : s)], tensor.Type);
        }
        return string.Create(CultureInfo.InvariantCulture, $"every {from} is {to}");
    }

    // One number between dots is replaced by another, in one tensor or in all that share what comes before it.
    private static string Renumber(ModelDocument document, Random random)
    {
        DocumentTensor[] numbered = [.. document.Tensors.Where(t => t.Name.Split('.').Any(IsNumber))];
        if (numbered.Length == 0)
            return "no number to change";
        string[] parts = numbered[random.Next(numbered.Length)].Name.Split('.');
        int at = Array.FindIndex(parts, IsNumber);
        string prefix = string.Join('.', parts[..(at + 1)]) + ".";
        string[] numbers = ["0", "1", "2", "5", "-1", "30", "300", "70000", "4294967296", "99999999999999999999", "x", ""];
        parts[at] = numbers[random.Next(numbers.Length)];
        string renamed = string.Join('.', parts[..(at + 1)]) + ".";
        bool all = random.Next(3) > 0;
        for (int i = 0; i < document.Tensors.Count; i++)
        {
            DocumentTensor tensor = document.Tensors[i];
            if (!tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            document.Tensors[i] = tensor with { Name = renamed + tensor.Name[prefix.Length..] };
            if (!all)
                break;
        }
        return $"{(all ? "all" : "one")} of {prefix} as {renamed}";
    }

    private static string Thin(ModelDocument document, Random random)
    {
        if (random.Next(6) == 0)
        {
            document.Tensors.Clear();
            return "no tensors";
        }
        string[] parts = document.Tensors[random.Next(document.Tensors.Count)].Name.Split('.');
        string prefix = string.Join('.', parts[..random.Next(1, parts.Length + 1)]);
        int removed = document.Tensors.RemoveAll(t => t.Name.StartsWith(prefix, StringComparison.Ordinal));
        return string.Create(CultureInfo.InvariantCulture, $"without the {removed} of {prefix}");
    }

    private static bool IsNumber(string part) => part.Length > 0 && part.All(char.IsAsciiDigit);
}
