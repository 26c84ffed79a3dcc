using FsCheck.Xunit;
using SdStudio.Server.Generation.Templates;

namespace SdStudio.Server.Tests;

/// <summary>Prompts from templates: the syntax of sd-dynamic-prompts, following the seed.</summary>
public sealed class TemplateTests
{
    private sealed class Lists(params (string Name, string[] Entries)[] lists) : IWildcards
    {
        public IReadOnlyList<string> Find(string pattern) => lists.FirstOrDefault(list => list.Name == pattern).Entries ?? [];
    }

    private static TemplateExpander Expander(params (string Name, string[] Entries)[] lists) => new(new Lists(lists), maxCharacters: 2000);

    [Theory]
    [InlineData("a plain prompt, (with weights:1.2) [and brackets]", "a plain prompt, (with weights:1.2) [and brackets]")]
    [InlineData("{a}", "a")]
    [InlineData("{a|b}", "a;b")]
    [InlineData("a {red|blue} {cat|dog}", "a red cat;a red dog;a blue cat;a blue dog")]
    [InlineData("{a|{b|c} d}", "a;b d;c d")]
    [InlineData("{2$$a|b|c}", "a, b;a, c;b, c")]
    [InlineData("{2$$ and $$a|b|c}", "a and b;a and c;b and c")]
    [InlineData("{1-2$$, $$a|b}", "a;b;a, b")]
    [InlineData("{-1$$a|b}", ";a;b")]
    [InlineData("{2-$$a|b|c}", "a, b;a, c;b, c;a, b, c")]
    [InlineData("{5$$a|b}", "a, b")]
    [InlineData("{0::a|b}", "b")]
    [InlineData("{0.5::a|2::b}", "a;b")]
    [InlineData("{a|}", "a;")]
    [InlineData("a # a comment {with|braces}\nb", "a b")]
    [InlineData(@"\{a\|b\} \#1", "{a|b} #1")]
    [InlineData("__colour__ hat", "red hat;green hat;blue hat")]
    [InlineData("{2$$__colour__}", "red, green;red, blue;green, blue")]
    [InlineData("__nested__", "a red cat;a green cat;a blue cat")]
    [InlineData("snake_case and __ alone", "snake_case and __ alone")]
    [InlineData("costs $5, 10$$ each", "costs $5, 10$$ each")]
    public void Every_prompt_of_a_template_in_order(string template, string prompts) => Assert.Equal(
        prompts.Split(';'),
        Expander(("colour", ["red", "green", "blue"]), ("nested", ["a __colour__ cat"])).Combinations(template, limit: 100));

    // The numbers are those of the generator: whoever changes it changes the images of every template that was ever used.
    [Theory]
    [InlineData(1, "c d g")]
    [InlineData(2, "c e f")]
    [InlineData(7, "a e f")]
    [InlineData(4294967295, "b d g")]
    public void The_same_seed_makes_the_same_words(long seed, string prompt) =>
        Assert.Equal(prompt, Expander().Expand("{a|b|c} {d|e} {f|g}", seed));

    [Fact]
    public void Weights_count_and_nothing_is_chosen_twice()
    {
        TemplateExpander expander = Expander(("weighted", ["3::often", "1::rarely"]));
        int often = Enumerable.Range(0, 4000).Count(seed => expander.Expand("__weighted__", seed) == "often");
        Assert.InRange(often, 2850, 3150);
        int first = Enumerable.Range(0, 4000).Count(seed => expander.Expand("{9::a|1::b}", seed) == "a");
        Assert.InRange(first, 3500, 3700);
        for (int seed = 0; seed < 200; seed++)
            Assert.Equal(3, expander.Expand("{3$$,$$a|b|c}", seed).Split(',').Distinct().Count());
    }

    [Theory]
    [InlineData("{a|b", "has a { without a }")]
    [InlineData("a}", "has a } without a {")]
    [InlineData("{3-1$$a|b}", "asks for 3 to 1 options")]
    [InlineData("__nowhere__", "no wildcard __nowhere__")]
    [InlineData("__loop__", "leads to itself")]
    public void A_template_that_cannot_be_expanded_is_told_why(string template, string reason) =>
        Assert.Contains(reason, Assert.Throws<TemplateException>(() => Expander(("loop", ["a __loop__"])).Expand(template, 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Deep_wide_and_exploding_templates_end_at_once()
    {
        TemplateExpander expander = Expander(("big", [new string('x', 1900)]));
        Assert.Throws<TemplateException>(() => expander.Expand(string.Concat(Enumerable.Repeat("{", 20000)), 1));
        Assert.Throws<TemplateException>(() => expander.Expand("__big__ __big__", 1));
        Assert.Throws<TemplateException>(() => expander.Combinations(string.Concat(Enumerable.Repeat("{|}", 60)), 1000));
        Assert.Equal(50, expander.Combinations("{0|1|2|3|4|5|6|7|8|9}{0|1|2|3|4|5|6|7|8|9}{0|1|2|3|4|5|6|7|8|9}", 50).Count);
    }

    [Property(MaxTest = 2000)]
    public void Any_text_is_expanded_or_refused(string? text, long seed)
    {
        try
        {
            Assert.Equal(Expander().Expand(text ?? "", seed), Expander().Expand(text ?? "", seed));
        }
        catch (TemplateException exception)
        {
            Assert.NotEmpty(exception.Message);
        }
    }
}
