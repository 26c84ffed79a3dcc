using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Generation;

/// <summary>
/// Counts the pieces of words that CLIP reads a prompt in, <see cref="AtOnce"/> at a time. Microsoft.ML.Tokenizers counts the same, but is not
/// made for trimming and brings 800 KB for these few lines.
/// </summary>
internal sealed partial class PromptTokens
{
    /// <summary>What one look of the text encoder takes; longer prompts are read in several.</summary>
    public const int AtOnce = 75;

    private const string Resource = "clip-merges.txt.gz";
    private const string EndOfWord = "</w>";
    private static readonly string[] Letters = LettersOfBytes();
    private readonly Lazy<Dictionary<(string Left, string Right), int>> _ranks = new(Load);

    /// <param name="prompt">As people write it: tags of LoRAs and people and the signs of weights are no words.</param>
    public int Count(string prompt)
    {
        string words = PeopleTags.Take(LoraTags.Take(prompt).Prompt).Prompt;
        // The engine reads what stands between the signs of weights part by part.
        string parts = Weights().Replace(words, match => match.Value[0] == '\\' ? match.Value[1..] : "\n");
        return Word().Matches(parts.ToLowerInvariant()).Sum(word => PiecesOf(word.Value));
    }

    // Of all neighbours the pair that was learned first becomes one, until none is left that was learned.
    private int PiecesOf(string word)
    {
        List<string> pieces = [.. Encoding.UTF8.GetBytes(word).Select(value => Letters[value])];
        pieces[^1] += EndOfWord;
        while (true)
        {
            int best = -1, least = int.MaxValue;
            for (int i = 0; i + 1 < pieces.Count; i++)
            {
                if (_ranks.Value.TryGetValue((pieces[i], pieces[i + 1]), out int rank) && rank < least)
                    (best, least) = (i, rank);
            }

            if (best < 0)
                return pieces.Count;
            pieces[best] += pieces[best + 1];
            pieces.RemoveAt(best + 1);
        }
    }

    private static Dictionary<(string Left, string Right), int> Load()
    {
        using Stream packed = typeof(PromptTokens).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
        // The first line is the version of the list.
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select((line, rank) => (Pair: line.Split(' '), rank))
            .ToDictionary(merge => (merge.Pair[0], merge.Pair[1]), merge => merge.rank);
    }

    // Bytes that are no printable signs have letters of their own behind those that are.
    private static string[] LettersOfBytes()
    {
        var letters = new string[byte.MaxValue + 1];
        int next = letters.Length;
        for (int value = 0; value < letters.Length; value++)
            letters[value] = ((char)(value is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ') ? value : next++)).ToString();
        return letters;
    }

    // No word is longer: work grows with the square of its length.
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d|\p{L}{1,64}|\p{N}|[^\s\p{L}\p{N}]{1,64}")]
    private static partial Regex Word();

    [GeneratedRegex(@"\\[\\()\[\]]|:\s*[+-]?[\d.]+\s*\)|[()\[\]]", RegexOptions.NonBacktracking)]
    private static partial Regex Weights();
}
