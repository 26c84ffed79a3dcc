using System.IO.Compression;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace SdStudio.Server.Generation;

/// <summary>Counts the pieces of words that CLIP reads a prompt in, <see cref="AtOnce"/> at a time.</summary>
internal sealed partial class PromptTokens
{
    /// <summary>What one look of the text encoder takes; longer prompts are read in several.</summary>
    public const int AtOnce = 75;

    private const string Resource = "clip-merges.txt.gz";
    private const string EndOfWord = "</w>";
    private const int Bytes = 256;
    private readonly Lazy<BpeTokenizer> _tokenizer = new(Load);

    /// <param name="prompt">As people write it: tags of LoRAs and people and the signs of weights are no words.</param>
    public int Count(string prompt)
    {
        string words = PeopleTags.Take(LoraTags.Take(prompt).Prompt).Prompt;
        // The engine reads what stands between the signs of weights part by part.
        return Weights().Replace(words, match => match.Value[0] == '\\' ? match.Value[1..] : "\n").Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(part => _tokenizer.Value.CountTokens(part));
    }

    private static BpeTokenizer Load()
    {
        using Stream packed = typeof(PromptTokens).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
        // The first line is the version of the list.
        string[] merges = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        string[] letters = Letters();
        IEnumerable<string> pieces = [.. letters, .. letters.Select(letter => letter + EndOfWord), .. merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))];
        return BpeTokenizer.Create(new BpeOptions(pieces.Select((piece, index) => KeyValuePair.Create(piece, index)))
        {
            Merges = merges, ByteLevel = true, EndOfWordSuffix = EndOfWord, Normalizer = new LowerCaseNormalizer(), PreTokenizer = new RegexPreTokenizer(Word(), specialTokens: null),
        });
    }

    // Bytes that are no printable signs have letters of their own behind them.
    private static string[] Letters()
    {
        int[] printable = [.. Enumerable.Range('!', '~' - '!' + 1), .. Enumerable.Range('¡', '¬' - '¡' + 1), .. Enumerable.Range('®', 'ÿ' - '®' + 1)];
        return [.. printable.Select(value => ((char)value).ToString()), .. Enumerable.Range(Bytes, Bytes - printable.Length).Select(value => ((char)value).ToString())];
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Word();

    [GeneratedRegex(@"\\[\\()\[\]]|:\s*[+-]?[\d.]+\s*\)|[()\[\]]", RegexOptions.NonBacktracking)]
    private static partial Regex Weights();
}
