namespace SdStudio.Server.Generation.Templates;

/// <summary>A part of a template.</summary>
internal abstract record TemplateNode
{
    private TemplateNode()
    {
    }

    /// <summary>Text that stays as it is.</summary>
    internal sealed record Literal(string Text) : TemplateNode;

    /// <summary>Parts one after the other.</summary>
    internal sealed record Sequence(IReadOnlyList<TemplateNode> Parts) : TemplateNode;

    /// <summary><c>__name__</c>: one entry of a list.</summary>
    internal sealed record Wildcard(string Pattern) : TemplateNode;

    /// <summary><c>{2$$, $$0.5::a|b}</c>: between <paramref name="Min"/> and <paramref name="Max"/> of the options, without repetition, joined.</summary>
    /// <param name="Options">What can be chosen; weights are relative, 1 when not given.</param>
    /// <param name="Min">The fewest; bounded by the number of options when chosen.</param>
    /// <param name="Max">The most; <see cref="int.MaxValue"/> for all.</param>
    /// <param name="Separator">Between two of them.</param>
    internal sealed record Choice(IReadOnlyList<TemplateOption> Options, int Min, int Max, string Separator) : TemplateNode;
}

/// <summary>One option of a choice. A weight of 0 is never chosen.</summary>
internal sealed record TemplateOption(TemplateNode Node, double Weight);
