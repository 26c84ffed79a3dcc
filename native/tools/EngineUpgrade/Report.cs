using System.Text;

namespace SdStudio.EngineUpgrade;

/// <summary>What a maintainer reads after a candidate was looked at.</summary>
internal static class Report
{
    public static string Write(Layout last, Derivation derivation)
    {
        Layout layout = derivation.Layout;
        List<Field> fields = [.. Layout.Roots.SelectMany(root => Derivation.Leaves(layout, root)).Select(leaf => leaf.Field)];
        var text = new StringBuilder($"# {last.Engine} → {layout.Engine}\n\n");
        Section(text, "What is other", derivation.Changes, "Nothing: the same structs, enums and functions.");
        Section(text, "What you must decide before it can be used", derivation.Undecided, "Nothing.");
        text.Append("## How each field is known\n\n");
        text.Append($"- {fields.Count(f => f.Printed is not null)} of {fields.Count} by a value that was written to its place and came back from the engine's printer under its name\n");
        text.Append($"- {fields.Count(f => f.Printed is null)} by the compiler's rules between those, and by the default that the engine has there:\n\n");
        foreach (string root in Layout.Roots)
            text.Append($"  {root}: {string.Join(", ", Derivation.Leaves(layout, root).Where(l => l.Field.Printed is null).Select(l => $"{l.Path} ({l.At})"))}\n\n");
        text.Append("  The contract suite shows these by what the engine does with them.\n\n");
        text.Append("""
            ## What no program can see

            - New fields are offered when they have a line in `native/src/context_options.cpp` or `image_options.cpp`, with the range that the engine survives.
            - The engine's log lines that tell phases and errors: the contract suite generates an image and looks for every phase.
            - What the engine does not survive: the contract suite tries the list that is known. New features need a look of their own.
            - The version stands in `docs/engines.md` and in `packaging/notices`.


            """);
        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, IReadOnlyList<string> lines, string none)
    {
        text.Append($"## {title}\n\n");
        foreach (string line in lines.DefaultIfEmpty(none))
            text.Append($"- {line}\n");
        text.Append('\n');
    }
}
