namespace SdCpp.Interop.Tests;

public sealed class DemoVocabularyTests
{
    private const int SpecialTokens = 151_643;

    [Fact]
    public void Every_word_has_tokens_that_are_ordinary_ones() => Assert.All(DemoVocabulary.AllWords, word =>
    {
        Assert.NotEmpty(word.Ids);
        Assert.All(word.Ids, id => Assert.InRange(id, 0, SpecialTokens - 1));
    });

    [Fact]
    public void No_word_appears_twice() => AssertDistinct(DemoVocabulary.AllWords.Select(word => word.Text));

    [Fact]
    public void No_token_belongs_to_two_words() =>
        AssertDistinct(DemoVocabulary.AllWords.SelectMany(word => word.Ids).Append(DemoVocabulary.Assistant));

    [Fact]
    public void Values_are_in_range()
    {
        Assert.All(DemoVocabulary.Colours, word => Assert.InRange(word.Rgb, 0, 0xFFFFFF));
        Assert.All(DemoVocabulary.Shapes, word => Assert.True(Enum.IsDefined(word.Shape)));
        Assert.All(DemoVocabulary.Sizes, word => Assert.InRange(word.Factor, 0.4, 1.5));
        Assert.All(DemoVocabulary.Places, word => Assert.InRange(Math.Abs(word.X) + Math.Abs(word.Y), 0.1, 1));
    }

    [Fact]
    public void Every_outline_has_a_word() =>
        Assert.Equal(Enum.GetValues<DemoShape>(), DemoVocabulary.Shapes.Select(word => word.Shape).Distinct().Order());

    [Fact]
    public void Components_come_in_the_order_red_green_blue()
    {
        var word = new ColourWord("x", 0xFF8000, []);
        Assert.Equal([1, 128 / 255.0, 0], [word.Component(0), word.Component(1), word.Component(2)]);
    }

    [Fact]
    public void Every_row_of_the_embedding_has_the_length_that_the_norm_leaves_alone()
    {
        var table = DemoTextEncoder.Embedding();
        for (var token = 0; token < DemoVocabulary.TokenCount; token++)
        {
            var squares = 0.0;
            var row = table.Data.AsSpan(token * DemoTextEncoder.Hidden, DemoTextEncoder.Hidden);
            foreach (var value in row) squares += (double)value * value;
            if (Math.Abs(squares - DemoTextEncoder.Hidden) > 1e-4) Assert.Fail($"Token {token} has the squared length {squares}.");
        }
    }

    private static void AssertDistinct<T>(IEnumerable<T> items)
    {
        var all = items.ToList();
        Assert.Equal(all.Count, all.Distinct().Count());
    }
}
