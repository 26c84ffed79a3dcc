using System.Globalization;
using System.Text;

namespace SdStudio.Server.Generation.Templates;

/// <summary>
/// Reads the template syntax of sd-dynamic-prompts: <c>{a|b}</c>, <c>{2$$ and $$a|b|c}</c>, <c>{1-3$$…}</c>, <c>{0.5::a|2::b}</c>,
/// <c>__name__</c> and comments from <c>#</c> to the end of the line. A backslash before a special character keeps it.
/// </summary>
internal sealed class TemplateParser
{
    private const int MaxDepth = 32;
    private const string DefaultSeparator = ", ";
    private readonly string _text;
    private int _at;
    private int _depth;

    private TemplateParser(string text) => _text = text;

    /// <exception cref="TemplateException">A brace is missing, a number is wrong, or the nesting is too deep.</exception>
    public static TemplateNode Parse(string text)
    {
        var parser = new TemplateParser(text);
        TemplateNode node = parser.ReadSequence(inChoice: false);
        return parser._at == text.Length ? node : throw parser.Wrong("has a } without a {");
    }

    private TemplateNode ReadSequence(bool inChoice)
    {
        List<TemplateNode> parts = [];
        var literal = new StringBuilder();
        while (_at < _text.Length && !(inChoice && _text[_at] == '|') && _text[_at] != '}')
        {
            if (ReadPart() is { } part)
            {
                Flush(parts, literal);
                parts.Add(part);
                continue;
            }

            literal.Append(_text[_at++]);
        }

        Flush(parts, literal);
        return parts.Count == 1 ? parts[0] : new TemplateNode.Sequence(parts);
    }

    // Null: the next character is text.
    private TemplateNode? ReadPart()
    {
        char next = _text[_at];
        if (next == '\\' && _at + 1 < _text.Length && "{}|#_$\\".Contains(_text[_at + 1], StringComparison.Ordinal))
        {
            _at += 2;
            return new TemplateNode.Literal(_text[_at - 1].ToString());
        }

        if (next == '#')
        {
            int end = _text.IndexOf('\n', _at);
            _at = end < 0 ? _text.Length : end + 1;
            return new TemplateNode.Literal("");
        }

        return next == '{' ? ReadChoice() : next == '_' ? ReadWildcard() : null;
    }

    private TemplateNode.Wildcard? ReadWildcard()
    {
        if (string.CompareOrdinal(_text, _at, "__", 0, 2) != 0)
            return null;
        int end = _text.IndexOf("__", _at + 2, StringComparison.Ordinal);
        if (end <= _at + 2 || !IsName(_text.AsSpan(_at + 2, end - _at - 2)))
            return null;
        string pattern = _text[(_at + 2)..end];
        _at = end + 2;
        return new TemplateNode.Wildcard(pattern);
    }

    private static bool IsName(ReadOnlySpan<char> text)
    {
        foreach (char letter in text)
        {
            if (!char.IsLetterOrDigit(letter) && !"_-/*. ".Contains(letter, StringComparison.Ordinal))
                return false;
        }

        return text.Length > 0 && text[0] != ' ' && text[^1] != ' ';
    }

    private TemplateNode.Choice ReadChoice()
    {
        int start = _at++;
        if (++_depth > MaxDepth)
            throw Wrong($"nests braces deeper than {MaxDepth}");
        (int min, int max, string separator) = ReadQuantity();
        List<TemplateOption> options = [];
        do
        {
            double weight = ReadWeight();
            options.Add(new TemplateOption(ReadSequence(inChoice: true), weight));
        }
        while (_at < _text.Length && _text[_at++] == '|');

        if (_text[_at - 1] != '}' || _at - 1 == start)
        {
            _at = start;
            throw Wrong("has a { without a }");
        }

        _depth--;
        return new TemplateNode.Choice(options, min, max, separator);
    }

    // "2$$", "1-3$$", "-3$$", "2-$$", each with a separator: "2$$ and $$".
    private (int Min, int Max, string Separator) ReadQuantity()
    {
        int end = _text.IndexOf("$$", _at, StringComparison.Ordinal);
        if (end < 0 || !TryRange(_text.AsSpan(_at, end - _at), out int min, out int max))
            return (1, 1, DefaultSeparator);
        if (min > max)
            throw Wrong($"asks for {min} to {max} options; the first number must not be larger");
        _at = end + 2;
        int second = _text.IndexOf("$$", _at, StringComparison.Ordinal);
        if (second < 0 || _text.AsSpan(_at, second - _at).IndexOfAny("{}|") >= 0)
            return (min, max, DefaultSeparator);
        string separator = _text[_at..second];
        _at = second + 2;
        return (min, max, separator);
    }

    private static bool TryRange(ReadOnlySpan<char> text, out int min, out int max)
    {
        int dash = text.IndexOf('-');
        if (dash < 0)
        {
            bool isNumber = TryNumber(text, out min);
            max = min;
            return isNumber;
        }

        (min, max) = (0, int.MaxValue);
        ReadOnlySpan<char> low = text[..dash], high = text[(dash + 1)..];
        return (low.Length > 0 || high.Length > 0) && (low.Length == 0 || TryNumber(low, out min)) && (high.Length == 0 || TryNumber(high, out max));
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private double ReadWeight()
    {
        int end = _text.IndexOf("::", _at, StringComparison.Ordinal);
        if (end < 0 || !double.TryParse(_text.AsSpan(_at, end - _at), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double weight))
            return 1;
        _at = end + 2;
        return weight;
    }

    private static void Flush(List<TemplateNode> parts, StringBuilder literal)
    {
        if (literal.Length == 0)
            return;
        parts.Add(new TemplateNode.Literal(literal.ToString()));
        literal.Clear();
    }

    private TemplateException Wrong(string what) => new($"The template {what} (character {_at + 1})");
}
