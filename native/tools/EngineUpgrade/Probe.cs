using System.Text.Json;

namespace SdStudio.EngineUpgrade;

/// <summary>What engine_probe told.</summary>
internal sealed record ProbeAnswer(IReadOnlyList<string> Functions, IReadOnlyList<ProbedEnum> Enums, IReadOnlyList<ProbedStruct> Structs)
{
    public static ProbeAnswer Parse(string json) => JsonSerializer.Deserialize(json, LayoutJson.Default.ProbeAnswer)
        ?? throw new UpgradeException("The probe told nothing.");

    public ProbedStruct? this[string name] => Structs.FirstOrDefault(s => s.Name == name);
}

internal sealed record ProbedEnum(string Function, IReadOnlyList<string> Names);

/// <param name="Name">The struct.</param>
/// <param name="Size">The last byte that init writes, plus one.</param>
/// <param name="Defaults">Two hex digits a byte; <c>..</c> where init writes nothing.</param>
/// <param name="Printed">What the printer says of the defaults; null where the engine prints no such struct.</param>
/// <param name="Answers">What it says when a value was written to a place, where that changes anything.</param>
internal sealed record ProbedStruct(string Name, int Size, string Defaults, string? Printed, IReadOnlyList<Answer>? Answers);

internal sealed record Answer(int At, string Kind, string Printed);

/// <summary>A printed name, and where the value under it lies.</summary>
internal sealed record Place(string Key, int At, string Kind);

/// <summary>Reads the engine's printed text as names with values.</summary>
internal static class Printed
{
    /// <summary>
    /// <c>width: 512</c> is <c>width</c>; <c>hires: {scale=2.00, target=0x0}</c> is <c>hires.scale</c>, <c>hires.target.0</c> and
    /// <c>hires.target.1</c>; <c>cache: disabled (start=0.15)</c> is <c>cache</c> and <c>cache.start</c>.
    /// </summary>
    public static Dictionary<string, string> Read(string text)
    {
        Dictionary<string, string> values = [];
        foreach (string line in text.Split('\n'))
        {
            int colon = line.IndexOf(": ", StringComparison.Ordinal);
            if (colon < 0)
                continue;
            string key = line[..colon];
            string rest = line[(colon + 2)..];
            int open = rest.IndexOfAny(['(', '{']);
            if (open >= 0 && rest[^1] is ')' or '}')
            {
                if (open > 0)
                    values[key] = rest[..open].Trim();
                foreach (string part in rest[(open + 1)..^1].Split(", "))
                    AddPart(values, key, part);
            }
            else
            {
                values[key] = rest;
            }
        }

        return values;
    }

    /// <summary>Where each printed name's value lies: the place that, written to, changes that name's value to what was written.</summary>
    public static List<Place> Places(ProbedStruct probed)
    {
        Dictionary<string, string> before = Read(probed.Printed ?? "");
        List<Place> seen = [];
        Dictionary<(string Key, int At), HashSet<string>> named = [];
        foreach (Answer answer in probed.Answers ?? [])
        {
            foreach ((string key, string value) in Read(answer.Printed))
            {
                if (!before.TryGetValue(key, out string? old) || value == old)
                    continue;
                if (Shows(answer, old, value))
                    seen.Add(new Place(key, answer.At, answer.Kind));
                else if (answer.Kind.StartsWith("enum", StringComparison.Ordinal) && !double.TryParse(value, out _))
                    (named.TryGetValue((key, answer.At), out HashSet<string>? names) ? names : named[(key, answer.At)] = []).Add(value);
            }
        }

        // A number's low half, or a struct's first byte, shows the same as the whole: the wider kind is the field's. A value that follows
        // another by default shows at both places: the other's own place is not its.
        string[] order = ["text", "int64", "int32", "float", "bool"];
        HashSet<int> owned = [.. seen.GroupBy(p => p.Key).Select(g => g.Select(p => p.At).Distinct().ToList()).Where(at => at.Count == 1).Select(at => at[0])];
        List<Place> places = [.. seen.GroupBy(p => p.Key).Select(g =>
            g.OrderBy(p => g.Any(other => other.At != p.At) && owned.Contains(p.At)).ThenBy(p => Array.IndexOf(order, p.Kind)).First())];
        places.AddRange(named.Where(n => n.Value.Count > 1 && places.TrueForAll(p => p.Key != n.Key.Key)).Select(n => new Place(n.Key.Key, n.Key.At, "enum")));
        return [.. places.OrderBy(p => p.At).ThenBy(p => p.Key, StringComparer.Ordinal)];
    }

    private static bool Shows(Answer answer, string old, string value) => answer.Kind switch
    {
        "text" => value == $"proof-{answer.At}",
        "int64" => value == "987654321012345",
        "int32" => value == "7013",
        "float" => value.StartsWith("1237.5", StringComparison.Ordinal),
        "bool" => (old, value) is ("true", "false") or ("false", "true"),
        _ => false,
    };

    private static void AddPart(Dictionary<string, string> values, string key, string part)
    {
        foreach (string between in new[] { " = ", ": ", "=" })
        {
            int at = part.IndexOf(between, StringComparison.Ordinal);
            if (at < 0)
                continue;
            string name = $"{key}.{part[..at]}";
            string value = part[(at + between.Length)..];
            string[] sides = value.Split('x');
            if (sides.Length == 2 && sides.All(side => int.TryParse(side, out _)))
                (values[name + ".0"], values[name + ".1"]) = (sides[0], sides[1]);
            else
                values[name] = value;
            return;
        }
    }
}
