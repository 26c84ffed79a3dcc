using System.Globalization;

namespace SdStudio.EngineUpgrade;

/// <summary>A field of a root struct that is no struct itself, with its place in the whole.</summary>
internal sealed record Leaf(string Owner, string Path, Field Field, int At);

/// <summary>
/// From what a probe told and the layout of the last engine, the layout of this one. The compiler's rules give each field a place from the
/// order and types of all; the engine's own answers, its defaults and its sizes must agree with every one of them.
/// </summary>
internal sealed class Derivation
{
    private readonly List<string> _changes = [];
    private readonly List<string> _decide = [];

    private Derivation()
    {
    }

    public Layout Layout { get; private set; } = null!;

    /// <summary>What is other than in the last engine, a line each.</summary>
    public IReadOnlyList<string> Changes => _changes;

    /// <summary>What only a person can decide; the layout must not be used before.</summary>
    public IReadOnlyList<string> Undecided => _decide;

    public static Derivation Of(Layout last, ProbeAnswer probe, string engine, IReadOnlyList<string> needed)
    {
        var derivation = new Derivation();
        derivation._decide.AddRange(needed.Except(probe.Functions).Select(name => $"The engine has no function {name}, which the bridge cannot do without."));
        List<Struct> structs = [.. last.Structs];
        foreach (string root in Layout.Roots)
        {
            if (probe[root] is not { } probed || (probed.Printed is null && !Layout.Unprinted.Contains(root)))
                derivation._decide.Add($"{root}: the engine has no init function or no printer for it, so nothing about it can be proven.");
            else if (probed.Printed is not null)
                derivation.AdoptPrinted(structs, root, probed);
        }

        Layout draft = last with { Engine = engine, Structs = structs, Functions = probe.Functions, Enums = derivation.Enums(last.Enums, probe) };
        draft = Rules.PlaceAll(draft);
        foreach (string root in Layout.Roots.Where(root => probe[root] is { } probed && (probed.Printed is not null || Layout.Unprinted.Contains(root))))
            draft = derivation.Compare(draft, last, root, probe[root]!);
        derivation.Layout = draft;
        derivation._changes.AddRange(Names("function", last.Functions, probe.Functions));
        return derivation;
    }

    /// <summary>The fields of a root, those of its parts in their place.</summary>
    public static IEnumerable<Leaf> Leaves(Layout layout, string root, string path = "", int at = 0) => layout[root].Fields.SelectMany(field =>
        layout.IsStruct(field.Type) && field.Type != "sd_image_t"
            ? Leaves(layout, field.Type, $"{path}{field.Name}.", at + field.At)
            : [new Leaf(root, path + field.Name, field, at + field.At)]);

    // A name that is printed no more takes its field along; a new one brings a field, by the place that its value lies at.
    private void AdoptPrinted(List<Struct> structs, string root, ProbedStruct probed)
    {
        Dictionary<string, Place> places = Printed.Places(probed).ToDictionary(p => p.Key);
        HashSet<string> printed = [.. Printed.Read(probed.Printed!).Keys];
        var known = new Layout("", [], structs, []);
        List<Leaf> leaves = [.. Leaves(known, root)];
        foreach (Leaf gone in leaves.Where(l => l.Field.Printed is { } key && !printed.Contains(key)))
        {
            _changes.Add($"{root}: {gone.Path} ({gone.Field.Type}) is printed no more and is taken as removed.");
            Replace(structs, gone.Owner, fields => [.. fields.Where(f => f.Name != gone.Field.Name)]);
        }

        HashSet<string> have = [.. leaves.Select(l => l.Field.Printed ?? "")];
        foreach (Place added in places.Values.Where(p => !have.Contains(p.Key)))
        {
            var field = new Field(added.Key[(added.Key.LastIndexOf('.') + 1)..].Replace(' ', '_'), Rules.TypeOf(added.Kind), added.At, added.Key);
            // In a part of the struct its neighbours tell in which; the engine may print a short name there.
            Leaf? before = leaves.Where(l => l.Field.Printed is { } key && places.TryGetValue(key, out Place? p) && p.At < added.At).MaxBy(l => places[l.Field.Printed!].At);
            string owner = before?.Owner ?? root;
            _changes.Add($"{owner}: {field.Name} ({field.Type}) is new, at {added.At} of {root}.");
            if (owner != root || added.Key.Contains('.', StringComparison.Ordinal))
                _decide.Add($"{owner}.{field.Name}: the name is the printer's, {added.Key}; look whether the engine's own is another, and name the field so.");
            Replace(structs, owner, fields =>
            {
                List<Field> list = [.. fields];
                list.Insert(before is null ? 0 : list.FindIndex(f => f.Name == before.Field.Name) + 1, field);
                return list;
            });
        }
    }

    private Layout Compare(Layout draft, Layout last, string root, ProbedStruct probed)
    {
        int size = draft[root].Size;
        if (size != probed.Size)
        {
            _decide.Add($"{root} has {probed.Size} bytes in the engine and {size} by the fields that are known: {Math.Abs(probed.Size - size)} bytes " +
                $"{(probed.Size > size ? "belong to fields that the engine does not print; the first difference below says where" : "are too many")}.");
        }
        else if (last[root].Size != size)
        {
            _changes.Add($"{root}: {last[root].Size} bytes became {size}.");
        }

        Dictionary<string, Place> places = Printed.Places(probed).ToDictionary(p => p.Key);
        string lastGood = "its beginning";
        bool moved = false;
        Dictionary<(string, string), Field> proven = [];
        foreach (Leaf leaf in Leaves(draft, root))
        {
            Field field = leaf.Field;
            if (probed.Printed is null && field.Printed is not null)
                continue; // proven in the struct that is printed
            if (field.Printed is { } key)
            {
                if (!places.TryGetValue(key, out Place? place))
                    _decide.Add($"{root}.{leaf.Path}: the engine prints {key}, but no value written anywhere changes it.");
                else if (place.At != leaf.At && !moved)
                    (moved, _) = (true, Decide($"{root}.{leaf.Path}: the engine has it at {place.At}, the known fields put it at {leaf.At}. Between {lastGood} and {leaf.Path} " +
                        $"{(place.At > leaf.At ? $"{place.At - leaf.At} bytes are new" : $"{leaf.At - place.At} bytes are gone")}: bytes there by default are {Hex(probed, leaf.At, Math.Max(8, place.At - leaf.At))}."));
                else if (place.At == leaf.At && !Rules.Fits(field.Type, place.Kind))
                    _decide.Add($"{root}.{leaf.Path}: the engine prints a {place.Kind} there, the field is a {field.Type}.");
                lastGood = leaf.Path;
            }
            else if (!moved)
            {
                string value = Hex(probed, leaf.At, Rules.SizeOf(draft, field.Type));
                if (field.Default is { } known && known != value)
                    _decide.Add($"{root}.{leaf.Path}: its default was {known}; at {leaf.At}, where the known fields put it, the engine has {value}. It moved, or its default is another.");
                proven[(leaf.Owner, field.Name)] = field with { Default = value };
            }
        }

        return draft with
        {
            Structs = [.. draft.Structs.Select(s => s with { Fields = [.. s.Fields.Select(f => proven.TryGetValue((s.Name, f.Name), out Field? with) ? with : f)] })],
        };

        bool Decide(string line)
        {
            _decide.Add(line);
            return true;
        }
    }

    private List<EngineEnum> Enums(IReadOnlyList<EngineEnum> last, ProbeAnswer probe)
    {
        List<EngineEnum> enums = [];
        foreach (EngineEnum known in last)
        {
            IReadOnlyList<string>? names = probe.Enums.FirstOrDefault(e => e.Function == known.Function)?.Names;
            if (known.Function is not null && names is null)
                _decide.Add($"{known.Name}: the engine has no {known.Function} any more; how many values it has must be found out in another way.");
            if (names is not null)
            {
                _changes.AddRange(Names($"{known.Name}: name", known.Names, names));
                if (!known.Names.Take(Math.Min(known.Names.Count, names.Count)).SequenceEqual(names.Take(Math.Min(known.Names.Count, names.Count))))
                    _changes.Add($"{known.Name}: the numbers of known names moved; the bridge asks for numbers by name, so it follows.");
            }

            enums.Add(names is null ? known : known with { Names = names });
        }

        return enums;
    }

    private static IEnumerable<string> Names(string what, IReadOnlyList<string> before, IReadOnlyList<string> now) =>
        now.Except(before).Select(name => $"{what} {name} is new.").Concat(before.Except(now).Select(name => $"{what} {name} is gone."));

    private static string Hex(ProbedStruct probed, int at, int bytes) =>
        at * 2 < probed.Defaults.Length ? probed.Defaults.Substring(at * 2, Math.Min(bytes * 2, probed.Defaults.Length - at * 2)) : "beyond the struct";

    private static void Replace(List<Struct> structs, string name, Func<IReadOnlyList<Field>, IReadOnlyList<Field>> change)
    {
        int index = structs.FindIndex(s => s.Name == name);
        structs[index] = structs[index] with { Fields = change(structs[index].Fields) };
    }
}

/// <summary>How a C++ compiler lays out a struct on every 64-bit system that the engine is made for.</summary>
internal static class Rules
{
    public static Layout PlaceAll(Layout layout)
    {
        List<Struct> done = [];
        foreach (Struct s in layout.Structs)
            done.Add(Place(layout with { Structs = [.. done, .. layout.Structs.Skip(done.Count)] }, s));
        return layout with { Structs = done };
    }

    public static int SizeOf(Layout layout, string type) => layout.IsStruct(type) ? layout[type].Size : Alignment(layout, type);

    public static string TypeOf(string kind) => kind switch
    {
        "text" => "const char*",
        "int64" => "int64_t",
        "int32" or "enum" => "int",
        _ => kind,
    };

    public static bool Fits(string type, string kind) => kind switch
    {
        "text" => type == "const char*",
        "int64" => type is "int64_t" or "size_t",
        "int32" => type is "int" or "uint32_t",
        "enum" => type.EndsWith("_t", StringComparison.Ordinal) || type == "int",
        _ => type == kind,
    };

    private static Struct Place(Layout layout, Struct s)
    {
        int at = 0;
        int widest = 1;
        List<Field> fields = [];
        foreach (Field field in s.Fields)
        {
            int alignment = Alignment(layout, field.Type);
            at = Up(at, alignment);
            fields.Add(field with { At = at });
            at += SizeOf(layout, field.Type);
            widest = Math.Max(widest, alignment);
        }

        return s with { Size = Up(at, widest), Fields = fields };
    }

    private static int Alignment(Layout layout, string type) => type switch
    {
        _ when type.EndsWith('*') => 8,
        "int64_t" or "uint64_t" or "size_t" => 8,
        "bool" => 1,
        "int" or "uint32_t" or "float" => 4,
        _ when layout.IsStruct(type) => layout[type].Fields.Max(f => Alignment(layout, f.Type)),
        _ when layout.Enums.Any(e => e.Name == type) => 4,
        _ => throw new UpgradeException(string.Create(CultureInfo.InvariantCulture, $"The type {type} is not known: add it to Rules.Alignment.")),
    };

    private static int Up(int at, int alignment) => (at + alignment - 1) / alignment * alignment;
}

/// <summary>The functions that the bridge needs of every engine, read from the list that it is compiled with.</summary>
internal static partial class RequiredFunctions
{
    public static IReadOnlyList<string> Read(string header)
    {
        string text = File.ReadAllText(header);
        int begin = text.IndexOf("#define SDCPP_REQUIRED_FUNCTIONS(X)", StringComparison.Ordinal);
        int end = text.IndexOf("\n\n", begin, StringComparison.Ordinal);
        return begin < 0 || end < 0 ? throw new UpgradeException($"{header} has no list of required functions.") : [.. Name().Matches(text[begin..end]).Select(m => m.Groups[1].Value)];
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"^\s+X\((\w+)\)", System.Text.RegularExpressions.RegexOptions.Multiline)]
    private static partial System.Text.RegularExpressions.Regex Name();
}
