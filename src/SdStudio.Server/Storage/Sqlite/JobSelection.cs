using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>A filter as SQL.</summary>
/// <param name="From">Tables and conditions.</param>
/// <param name="IsIndexed">Whether it looks into the index of prompts.</param>
/// <param name="Values">The parameters.</param>
internal sealed record JobSelection(string From, bool IsIndexed, (string Name, object? Value)[] Values)
{
    // What the trigram index can find; shorter words are looked for row by row.
    private const int MinIndexedCharacters = 3;

    /// <summary>What to order by.</summary>
    public string NewestFirst => IsIndexed ? "job_search.rowid DESC" : "number DESC";

    public static JobSelection Of(JobFilter filter)
    {
        var conditions = new SqlConditions();
        conditions.Require("owner = $owner", "$owner", filter.Scope.Owner);
        conditions.Require("status = $status", "$status", filter.Status);
        conditions.Require("type = $type", "$type", filter.Type);
        conditions.Require("model = $model", "$model", filter.Model);
        ILookup<bool, string> words = SearchWords.Of(filter.Search).Select(word => word.Text).ToLookup(word => word.EnumerateRunes().Count() >= MinIndexedCharacters);
        bool isIndexed = words[true].Any();
        // In quotes nothing is an operator; side by side all must be there.
        if (isIndexed)
            conditions.Require("job_search MATCH $search", "$search", string.Join(' ', words[true].Select(word => $"\"{word.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")));
        foreach ((int index, string word) in words[false].Index())
            conditions.Require($"instr(lower(json_extract(settings, '$.prompt')), lower($word{index})) > 0", $"$word{index}", word);

        // CROSS JOIN keeps the search outside: its rows come newest first by themselves, and a page of them is enough.
        string from = isIndexed ? "job_search CROSS JOIN jobs ON jobs.number = job_search.rowid" : "jobs";
        return new JobSelection(from + conditions.Where, isIndexed, [.. conditions.Values]);
    }
}
