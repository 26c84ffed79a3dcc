using System.Text;

namespace SdStudio.Server.Generation.Templates;

/// <summary>Makes prompts of a template: one that follows a seed, or all of them up to a limit.</summary>
internal sealed class TemplateExpander(IWildcards wildcards, int maxCharacters)
{
    // Entries of wildcards are templates themselves; one that leads to itself ends here.
    private const int MaxWildcardDepth = 16;

    // Work is bounded by what it makes and by how many parts it visits: empty choices make nothing.
    private const int MaxVisits = 100_000;

    private int _visits;

    /// <summary>The prompt of a seed: the same seed gives the same words on every machine.</summary>
    /// <exception cref="TemplateException">The template is malformed, names an unknown wildcard, or makes too much text.</exception>
    public string Expand(string template, long seed)
    {
        _visits = 0;
        var text = new StringBuilder();
        Append(text, TemplateParser.Parse(template), new TemplateRandom(seed), depth: 0);
        return Tidy(text.ToString());
    }

    /// <summary>Every prompt that a template can make, in the order of its options, at most <paramref name="limit"/>.</summary>
    /// <exception cref="TemplateException">As <see cref="Expand"/>.</exception>
    public IReadOnlyList<string> Combinations(string template, int limit)
    {
        _visits = 0;
        return [.. All(TemplateParser.Parse(template), depth: 0).Select(Tidy).Distinct(StringComparer.Ordinal).Take(limit)];
    }

    private void Append(StringBuilder text, TemplateNode node, TemplateRandom random, int depth)
    {
        Visit();
        switch (node)
        {
            case TemplateNode.Literal literal:
                text.Append(literal.Text);
                break;
            case TemplateNode.Sequence sequence:
                foreach (TemplateNode part in sequence.Parts)
                    Append(text, part, random, depth);
                break;
            case TemplateNode.Wildcard wildcard:
                Append(text, Pick(Entries(wildcard, depth), random), random, depth + 1);
                break;
            case TemplateNode.Choice choice:
                AppendChoice(text, choice, random, depth);
                break;
        }

        if (text.Length > maxCharacters)
            throw new TemplateException($"The template makes a prompt of more than {maxCharacters} characters");
    }

    private void AppendChoice(StringBuilder text, TemplateNode.Choice choice, TemplateRandom random, int depth)
    {
        (List<TemplateOption> left, int inner) = OptionsOf(choice, depth);
        int count = random.NextInt(Math.Min(choice.Min, left.Count), Math.Min(choice.Max, left.Count));
        for (int index = 0; index < count && left.Count > 0; index++)
        {
            if (index > 0)
                text.Append(choice.Separator);
            TemplateOption chosen = PickOption(left, random);
            left.Remove(chosen);
            Append(text, chosen.Node, random, inner);
        }
    }

    private IEnumerable<string> All(TemplateNode node, int depth)
    {
        Visit();
        return node switch
        {
            TemplateNode.Literal literal => [literal.Text],
            TemplateNode.Sequence sequence => sequence.Parts.Aggregate<TemplateNode, IEnumerable<string>>([""], (made, part) => made.SelectMany(start => All(part, depth).Select(end => Joined(start, end)))),
            TemplateNode.Wildcard wildcard => Entries(wildcard, depth).SelectMany(option => All(option.Node, depth + 1)),
            TemplateNode.Choice choice => AllOf(choice, depth),
            _ => [],
        };
    }

    private IEnumerable<string> AllOf(TemplateNode.Choice choice, int depth)
    {
        (List<TemplateOption> options, int inner) = OptionsOf(choice, depth);
        for (int count = Math.Min(choice.Min, options.Count); count <= Math.Min(choice.Max, options.Count); count++)
        {
            foreach (string made in Subsets(options, 0, count, choice.Separator, inner))
                yield return made;
        }
    }

    private IEnumerable<string> Subsets(List<TemplateOption> options, int from, int count, string separator, int depth)
    {
        Visit();
        if (count == 0)
        {
            yield return "";
            yield break;
        }

        for (int index = from; index <= options.Count - count; index++)
        {
            foreach (string first in All(options[index].Node, depth))
            {
                foreach (string rest in Subsets(options, index + 1, count - 1, separator, depth))
                    yield return count == 1 ? first : Joined(first, separator + rest);
            }
        }
    }

    // {2$$__colours__} chooses two colours, not one list twice.
    private (List<TemplateOption> Options, int Depth) OptionsOf(TemplateNode.Choice choice, int depth) =>
        choice is { Options: [{ Node: TemplateNode.Wildcard wildcard }], Max: > 1 }
            ? ([.. Entries(wildcard, depth).Where(option => option.Weight > 0)], depth + 1)
            : ([.. choice.Options.Where(option => option.Weight > 0)], depth);

    private IReadOnlyList<TemplateOption> Entries(TemplateNode.Wildcard wildcard, int depth)
    {
        if (depth >= MaxWildcardDepth)
            throw new TemplateException($"The wildcard __{wildcard.Pattern}__ leads to itself, or more than {MaxWildcardDepth} wildcards lead to each other");
        IReadOnlyList<string> entries = wildcards.Find(wildcard.Pattern);
        if (entries.Count == 0)
            throw new TemplateException($"There is no wildcard __{wildcard.Pattern}__; GET /api/wildcards lists those that exist");
        // An entry may carry a weight, as an option of braces does.
        return [.. entries.Select(entry => TemplateParser.Parse($"{{{entry}}}") is TemplateNode.Choice { Options: [{ } option], Max: 1, Min: 1 } ? option : new TemplateOption(TemplateParser.Parse(entry), 1))];
    }

    private static TemplateNode Pick(IReadOnlyList<TemplateOption> options, TemplateRandom random) => PickOption(options, random).Node;

    private static TemplateOption PickOption(IReadOnlyList<TemplateOption> options, TemplateRandom random)
    {
        double at = random.NextDouble() * options.Sum(option => option.Weight);
        foreach (TemplateOption option in options)
        {
            at -= option.Weight;
            if (at < 0)
                return option;
        }

        return options[^1];
    }

    private string Joined(string start, string end) => start.Length + end.Length <= maxCharacters
        ? start + end
        : throw new TemplateException($"The template makes a prompt of more than {maxCharacters} characters");

    private void Visit()
    {
        if (++_visits > MaxVisits)
            throw new TemplateException("The template is too large to be expanded");
    }

    // Comments and line breaks of a template are for its reader: the prompt is one line.
    private static string Tidy(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Replace(" ,", ",", StringComparison.Ordinal);
}
