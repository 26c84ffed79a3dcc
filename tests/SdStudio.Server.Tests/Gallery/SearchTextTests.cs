using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests.Gallery;

/// <summary>What is one word for the search, however it is written.</summary>
public sealed class SearchTextTests
{
    [Theory]
    [InlineData("STRASSE Äpfel", "a\u0308pfel strasse")]
    [InlineData("naïve Café", "CAFE\u0301")]
    [InlineData("ёлка Йод", "е\u0308лка и\u0306од")]
    [InlineData("Ά\u03BB\u03C6\u03B1", "α\u0301λφα")]
    [InlineData("が ペン", "か\u3099 ヘ\u309Aン")]
    [InlineData("한국", "\u1112\u1161\u11AB\u1100\u116E\u11A8")]
    [InlineData("ＡＢＣ", "abc")]
    [InlineData("赤い円を描いて", "円を描")]
    [InlineData("a red circle", "circ red")]
    [InlineData("a red circle", "\"red circle\"")]
    [InlineData("a red-blue circle", "red-blue")]
    [InlineData("a \"red\" circle", "red\"")]
    [InlineData("ประเทศไทย", "ไทย")]
    public void Is_found(string prompt, string search) => Assert.True(Finds(prompt, search));

    [Theory]
    [InlineData("a bored cat", "red")]
    [InlineData("a red circle", "\"circle red\"")]
    [InlineData("a red circle", "\"red circ\"")]
    [InlineData("a red circle", "red blue")]
    [InlineData("赤い円を描いて", "円描")]
    [InlineData("a red circle", "red OR blue")]
    [InlineData("a red circle", "NOT red")]
    public void Is_not_found(string prompt, string search) => Assert.False(Finds(prompt, search));

    [Theory]
    [InlineData("")]
    [InlineData("!!! \" ,")]
    [InlineData("\0\"\0\"")]
    [InlineData("\ud800")]
    public void Nothing_to_look_for_is_no_condition(string search) => Assert.Null(SearchText.Condition(search));

    [FsCheck.Xunit.Property(MaxTest = 2000)]
    public void Any_search_is_a_condition_that_the_index_reads(FsCheck.NonNull<string> search) => Finds("a red circle", search.Get);

    [Fact]
    public void What_is_looked_for_near_by_is_what_the_index_finds()
    {
        string[] parts = ["red", "re", "r", "rede", "circle", "circles", "1", "12345", " ", " ", " ", ", ", "-", "_", "\"", "é", "É", "rédé", "ß", "赤", "\u0308", "\u3099", "…", "€", "😀", "\ud800", "\ue000", "ﬁ", "²", "ｒｅｄ", "İ", "\0"];
        var random = new Random(11);
        string Any(int most) => string.Concat(Enumerable.Range(0, random.Next(1, most)).Select(_ => parts[random.Next(parts.Length)]));
        string Long() => parts.Where(part => part.Length > 3).ElementAt(random.Next(4));
        using SqliteSession session = NewIndex();
        int decided = 0, narrowed = 0;
        for (int i = 0; i < 5000; i++)
        {
            (string prompt, string search) = (Any(10), i % 2 == 0 ? Any(5) : $"{Long()} {Long()}");
            if (SearchText.Condition(search) is not { } condition || NearSearch.Of(search) is not { } near)
                continue;
            bool isFound = Finds(session, prompt, condition);
            foreach (NearSearch look in new[] { near, near.Narrowed() }.OfType<NearSearch>())
            {
                if ((Finds(session, prompt, look.Condition) ? look.Fits(prompt) : false) is not { } fits)
                    continue;
                Assert.True(isFound == fits, $"'{prompt}' and '{search}': {isFound} in the index, {look.Condition}");
                decided += isFound ? 1 : 0;
                narrowed += isFound && look != near ? 1 : 0;
            }
        }

        Assert.InRange(decided, 200, 5000);
        Assert.InRange(narrowed, 20, 5000);
    }

    private static bool Finds(string prompt, string search)
    {
        using SqliteSession session = NewIndex();
        return SearchText.Condition(search) is { } condition && Finds(session, prompt, condition);
    }

    private static bool Finds(SqliteSession session, string prompt, string condition)
    {
        session.Execute("DELETE FROM s WHERE rowid = 1");
        session.Execute("INSERT INTO s (rowid, words) VALUES (1, $words)", ("$words", SearchText.Of(prompt)));
        return session.Query("SELECT rowid FROM s WHERE s MATCH $words", row => true, ("$words", condition)).Count == 1;
    }

    private static SqliteSession NewIndex()
    {
        var session = new SqliteSession("Data Source=:memory:");
        session.RunScript("CREATE VIRTUAL TABLE s USING fts5 (words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* Co M*'\")");
        return session;
    }
}
