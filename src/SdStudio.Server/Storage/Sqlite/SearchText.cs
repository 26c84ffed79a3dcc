using System.Globalization;
using System.Text;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>
/// Text as the search index has it: in small letters, without marks, composed, and with a space around each character of scripts that write
/// none, so that a word is found inside a sentence. The runtime normalizes nothing here: the server runs without ICU.
/// </summary>
internal static class SearchText
{
    private const char Voiced = '\u3099', HalfVoiced = '\u309A';

    // Hangul (Unicode, 3.12): syllables are arithmetic.
    private const int FirstSyllable = 0xAC00, Leads = 0x1100, Vowels = 0x1161, Trails = 0x11A7, VowelCount = 21, TrailCount = 28, SyllableCount = 19 * VowelCount * TrailCount;

    // Letters with marks and the letter without, of UnicodeData.txt; the index itself knows those of ASCII.
    private static readonly Dictionary<char, char> WithoutMarks = Pairs(
        "ǣæǯʒǽæǿøΐιάαέεήηίιΰυϊιϋυόούυώωϓϒϔϒйиѐеёеѓгїіќкѝиўуѷѵӂжӑаӓаӗеӛәӝжӟзӣиӥиӧоӫөӭэӯуӱуӳуӵчӹыآاأاؤوإائيۀەۂہۓےẛſἀαἁαἂαἃαἄαἅα" +
        "ἆαἇαἐεἑεἒεἓεἔεἕεἠηἡηἢηἣηἤηἥηἦηἧηἰιἱιἲιἳιἴιἵιἶιἷιὀοὁοὂοὃοὄοὅοὐυὑυὒυὓυὔυὕυὖυὗυὠωὡωὢωὣωὤωὥωὦωὧωὰαάαὲεέεὴηήηὶιίιὸοόοὺυύυ" +
        "ὼωώωᾀαᾁαᾂαᾃαᾄαᾅαᾆαᾇαᾐηᾑηᾒηᾓηᾔηᾕηᾖηᾗηᾠωᾡωᾢωᾣωᾤωᾥωᾦωᾧωᾰαᾱαᾲαᾳαᾴαᾶαᾷαῂηῃηῄηῆηῇηῐιῑιῒιΐιῖιῗιῠυῡυῢυΰυῤρῥρῦυῧυῲωῳωῴωῶωῷω");

    /// <summary>The text of the index.</summary>
    public static string Of(string text)
    {
        var folded = new StringBuilder(text.Length + 16);
        foreach (char character in text)
            Append(folded, char.ToLowerInvariant(Narrow(character)));
        return Spaced(folded);
    }

    /// <summary>The words of a search as a condition of the index: all must be there, phrases in quotes as they are, others from the beginning of a word.</summary>
    /// <returns>Null when there is nothing to look for in it.</returns>
    public static string? Condition(string search) => Condition(Terms(search));

    /// <summary>The words of a search as they are in the index.</summary>
    public static IReadOnlyList<SearchTerm> Terms(string search) =>
    [
        .. from word in SearchWords.Of(search)
           let folded = Of(word.Text)
           where folded.EnumerateRunes().Any(IsOfWord)
           select new SearchTerm(folded.Trim(), word.IsPhrase),
    ];

    /// <summary>Whether a character belongs to a word: letters, numbers, marks and characters of private use, as the index is told.</summary>
    public static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.PrivateUse;

    /// <inheritdoc cref="Condition(string)"/>
    public static string? Condition(IEnumerable<SearchTerm> terms) => string.Join(" AND ", terms.Select(term => $"\"{term.Text}\"{(term.IsPhrase ? "" : " *")}")) is { Length: > 0 } all ? all : null;

    private static void Append(StringBuilder text, char character)
    {
        // Combining marks of most alphabets.
        if (character is (>= '\u0300' and <= '\u036F') or (>= '\u0653' and <= '\u0655'))
            return;
        if (text.Length > 0 && Composed(text[^1], character) is { } one)
            text[^1] = one;
        else
            text.Append(WithoutMarks.GetValueOrDefault(character, character));
    }

    private static char? Composed(char first, char second)
    {
        if (second is Voiced or HalfVoiced)
            return WithVoice(first, second == Voiced);
        int lead = first - Leads, vowel = second - Vowels;
        if (lead is >= 0 and < 19 && vowel is >= 0 and < VowelCount)
            return (char)(FirstSyllable + (((lead * VowelCount) + vowel) * TrailCount));
        int syllable = first - FirstSyllable, trail = second - Trails;
        return syllable is >= 0 and < SyllableCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount ? (char)(first + trail) : null;
    }

    // Kana: the voiced letter stands directly behind its own, the half voiced one behind that.
    private static char? WithVoice(char kana, bool voiced)
    {
        int hiragana = kana is >= '\u30A1' and <= '\u30FE' ? kana - 0x60 : kana;
        bool hasHalf = hiragana is 'は' or 'ひ' or 'ふ' or 'へ' or 'ほ';
        bool hasVoiced = hasHalf || "かきくけこさしすせそたちつてと".Contains((char)hiragana, StringComparison.Ordinal);
        return kana == 'ウ' && voiced ? 'ヴ' : voiced ? (hasVoiced ? (char)(kana + 1) : null) : hasHalf ? (char)(kana + 2) : null;
    }

    private static char Narrow(char character) => character is >= '\uFF01' and <= '\uFF5E' ? (char)(character - 0xFEE0) : character;

    private static string Spaced(StringBuilder folded)
    {
        var text = new StringBuilder(folded.Length + 16);
        foreach (Rune rune in folded.ToString().EnumerateRunes())
        {
            if (IsOfScriptWithoutSpaces(rune.Value))
                text.Append(' ').Append(rune).Append(' ');
            else
                text.Append(rune);
        }

        return text.ToString();
    }

    // Thai to Khmer, kana, Han and Hangul; marks of those scripts stay with their letter's phrase as characters of their own.
    private static bool IsOfScriptWithoutSpaces(int code) =>
        code is (>= 0x0E00 and <= 0x0EFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF) or (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x9FFF)
            or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);

    private static Dictionary<char, char> Pairs(string letters) => letters.Chunk(2).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1]);
}
