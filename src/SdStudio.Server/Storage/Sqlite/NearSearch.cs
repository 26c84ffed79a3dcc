namespace SdStudio.Server.Storage.Sqlite;

/// <summary>A word or a phrase of a search, as the index has it.</summary>
/// <param name="Text">Folded.</param>
/// <param name="IsPhrase">Whether it is looked for as it is; a word is found by its beginning.</param>
internal readonly record struct SearchTerm(string Text, bool IsPhrase)
{
    /// <summary>Whether it is one word of letters and digits that no alphabet folds otherwise.</summary>
    public bool IsPlainWord => !IsPhrase && Text.All(char.IsAsciiLetterOrDigit);
}

/// <summary>
/// A search among the images near by. The index first gathers all images that have a word by its beginning, which takes long for a word that many
/// have; only beginnings of two and three characters it has in order. So those are asked for, and the words themselves are looked for in the
/// prompts of the few images that come first. It counts what it sees, and belongs to one search.
/// </summary>
internal sealed class NearSearch
{
    // The lengths of beginnings that the index keeps.
    private const int Shortest = 2, Longest = 3;
    private readonly IReadOnlyList<SearchTerm> _terms;
    private readonly string[] _words;
    private readonly int[] _hits;

    private NearSearch(IReadOnlyList<SearchTerm> terms, string? whole)
    {
        _terms = terms;
        _words = [.. terms.Where(term => term.IsPlainWord && term.Text != whole && term.Text.Length is < Shortest or > Longest).Select(term => term.Text).Distinct()];
        _hits = new int[_words.Length];
        IEnumerable<SearchTerm> asked = terms.Where(term => !term.IsPlainWord || term.Text.Length >= Shortest)
            .Select(term => term.IsPlainWord && term.Text != whole && term.Text.Length > Longest ? term with { Text = term.Text[..Longest] } : term).Distinct();
        Condition = SearchText.Condition(asked) ?? "";
    }

    /// <summary>What the index is asked for: at least all that the search means.</summary>
    public string Condition { get; }

    /// <returns>Null when nothing would be left to ask the index for.</returns>
    public static NearSearch? Of(string search) => new NearSearch(SearchText.Terms(search), whole: null) is { Condition.Length: > 0 } near ? near : null;

    /// <summary>
    /// The same search with one word asked for as it is: the one that the fewest prompts so far had. What few images have is gathered soon, and
    /// what many have need not be.
    /// </summary>
    /// <returns>Null when no word would be left to look for.</returns>
    public NearSearch? Narrowed() =>
        _words.Length > 1 && _words.Index().Where(word => word.Item.Length > Longest).OrderBy(word => _hits[word.Index]).FirstOrDefault().Item is { } rarest ? new NearSearch(_terms, rarest) : null;

    /// <summary>Whether a prompt has the words that the index was not asked for as they are; null when only the index can tell.</summary>
    public bool? Fits(string prompt)
    {
        if (_words.Length == 0)
            return true;
        string text = SearchText.Of(prompt);
        int missing = _words.Length;
        foreach ((int index, string word) in _words.Index())
        {
            if (!HasBeginning(text, word))
                continue;
            _hits[index]++;
            missing--;
        }

        return missing == 0 ? true : text.Any(character => !char.IsAscii(character) && IsOfWord(character)) ? null : false;
    }

    private static bool HasBeginning(string text, string word)
    {
        for (int at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            if (at == 0 || !IsOfWord(text[at - 1]))
                return true;
        }

        return false;
    }

    // The index's own tokens: letters, digits, marks and private characters. What is half of a character beyond the first plane may be one of them.
    private static bool IsOfWord(char character) => char.IsAscii(character)
        ? char.IsAsciiLetterOrDigit(character)
        : !(char.IsPunctuation(character) || char.IsSymbol(character) || char.IsSeparator(character) || char.IsControl(character));
}
