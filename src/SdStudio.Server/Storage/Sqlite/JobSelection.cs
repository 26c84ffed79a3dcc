using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>A filter as SQL.</summary>
/// <param name="From">Tables and conditions.</param>
/// <param name="NewestFirst">What to order by.</param>
/// <param name="Values">The parameters.</param>
internal sealed record JobSelection(string From, string NewestFirst, (string Name, object? Value)[] Values)
{
    // What the trigram index can find; shorter words are looked for row by row.
    private const int MinIndexedCharacters = 3;

    public static JobSelection Of(JobFilter filter)
    {
        var conditions = new List<string>();
        var values = new List<(string, object?)>();
        void Require(string condition, string name, object? value)
        {
            if (value is null)
                return;
            conditions.Add(condition);
            values.Add((name, value));
        }

        Require("owner = $owner", "$owner", filter.Scope.Owner);
        Require("status = $status", "$status", filter.Status);
        Require("type = $type", "$type", filter.Type);
        Require("model = $model", "$model", filter.Model);
        ILookup<bool, string> words = WordsOf(filter.Search).ToLookup(word => word.EnumerateRunes().Count() >= MinIndexedCharacters);
        bool isIndexed = words[true].Any();
        // In quotes nothing is an operator; side by side all must be there.
        if (isIndexed)
            Require("job_search MATCH $search", "$search", string.Join(' ', words[true].Select(word => $"\"{word.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")));
        foreach ((int index, string word) in words[false].Index())
            Require($"instr(lower(json_extract(settings, '$.prompt')), lower($word{index})) > 0", $"$word{index}", word);

        // CROSS JOIN keeps the search outside: its rows come newest first by themselves, and a page of them is enough.
        string from = isIndexed ? "job_search CROSS JOIN jobs ON jobs.number = job_search.rowid" : "jobs";
        return new JobSelection(
            conditions.Count == 0 ? from : $"{from} WHERE {string.Join(" AND ", conditions)}", isIndexed ? "job_search.rowid DESC" : "number DESC", [.. values]);
    }

    /// <summary>The words of a search, and its phrases in quotes as one each.</summary>
    public static IReadOnlyList<string> WordsOf(string? search)
    {
        List<string> words = [];
        // A text ends at its first zero for SQLite.
        string[] parts = (search ?? "").Replace('\0', ' ').Split('"');
        for (int part = 0; part < parts.Length; part++)
        {
            bool isPhrase = part % 2 == 1 && part < parts.Length - 1;
            words.AddRange(isPhrase ? [parts[part]] : parts[part].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        }

        words.RemoveAll(string.IsNullOrWhiteSpace);
        return words;
    }
}
