using Microsoft.Extensions.Caching.Memory;
using SdStudio.Server.Gallery;

namespace SdStudio.Server.Storage;

/// <summary>
/// How many images or jobs fit a filter, without counting all of them for every look: some totals are kept with the rows, others are remembered here,
/// and only rows that came since are counted. Anything else that happens to a row that a filter asks for makes them forgotten.
/// </summary>
internal sealed class RememberedTotals : IDisposable
{
    private const int MaxFilters = 1000;

    // After so many new images a total is counted and remembered again, so that few are counted each time.
    private const int MaxNew = 2000;
    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = MaxFilters });

    /// <summary>The statement for a total that is kept, and the name in it; null where the filter has none.</summary>
    /// <param name="filter">Which images.</param>
    /// <param name="totals">The table of kept totals.</param>
    public static (string Sql, string Name)? Kept(GalleryFilter filter, string totals)
    {
        if (filter with { Board = null, Tags = [] } != new GalleryFilter(filter.Scope))
            return null;
        (string Which, string Name)? kept = (filter.Board, filter.Tags) switch
        {
            (null, []) => ("kind = 'images'", ""),
            // All that there are without those on any board.
            (GalleryFilter.NoBoard, []) => ("kind IN ('images', 'board')", ""),
            ({ } board, []) => ("kind = 'board' AND name = @name", board),
            (null, [{ } tag]) => ("kind = 'tag' AND name = @name", tag),
            _ => null,
        };
        string n = filter.Board == GalleryFilter.NoBoard ? "CASE kind WHEN 'board' THEN -n ELSE n END" : "n";
        return kept is { } found
            ? ($"SELECT CAST(coalesce(sum({n}), 0) AS bigint) FROM {totals} WHERE {found.Which}{(filter.Scope.Owner is null ? "" : " AND owner = @owner")}", found.Name)
            : null;
    }

    /// <summary>A total that is remembered, or counted.</summary>
    /// <param name="filter">Which images.</param>
    /// <param name="state">How often images were changed, and how many there are, in one snapshot.</param>
    /// <param name="count">Counts in one snapshot: the images behind a number, or all without one.</param>
    public ValueTask<long> OfAsync(GalleryFilter filter, Func<ValueTask<(long Changes, long Rows)>> state, Func<long?, ValueTask<Counted>> count) =>
        OfAsync((filter with { Tags = [] }, string.Join('\n', filter.Tags)), async known => await state().ConfigureAwait(false) == (known.Changes, known.Rows), count);

    /// <summary>The same for any rows.</summary>
    /// <param name="key">The filter, to be found again.</param>
    /// <param name="isStill">Whether nothing has changed since, where that is known for less than a count of what is new; null where it is not.</param>
    /// <param name="count">Counts in one snapshot: the rows behind a number, or all without one.</param>
    public async ValueTask<long> OfAsync(object key, Func<Counted, ValueTask<bool>>? isStill, Func<long?, ValueTask<Counted>> count)
    {
        bool isKnown = _known.TryGetValue(key, out Counted? known);
        if (isKnown && isStill is not null && await isStill(known!).ConfigureAwait(false))
            return known!.Fitting;
        if (isKnown && await count(known!.Last).ConfigureAwait(false) is var since && since.Changes == known.Changes && since.Rows - known.Rows == since.New)
        {
            // What came with a lower number, because it was begun earlier, is not among the new ones and would be missed: then these two differ.
            Counted now = since with { Fitting = known.Fitting + since.Fitting };
            if (since.New > MaxNew)
                Remember(key, now);
            return now.Fitting;
        }

        Counted all = await count(null).ConfigureAwait(false);
        Remember(key, all);
        return all.Fitting;
    }

    public void Dispose() => _known.Dispose();

    private void Remember(object key, Counted counted) => _known.Set(key, counted, new MemoryCacheEntryOptions { Size = 1 });
}

/// <param name="Changes">How often rows were changed in what filters ask for; images also how often one was deleted.</param>
/// <param name="Rows">How many there are.</param>
/// <param name="Last">The highest number.</param>
/// <param name="New">How many are behind the number that was asked for.</param>
/// <param name="Fitting">How many of those fit the filter.</param>
internal sealed record Counted(long Changes, long Rows, long Last, long New, long Fitting)
{
    /// <summary>The statement that counts images, with one row for <see cref="Of"/>.</summary>
    /// <param name="totals">The table of kept totals.</param>
    /// <param name="isAll">Whether all images are counted, or those behind <c>@newer</c>.</param>
    /// <param name="from">The filter: tables and conditions.</param>
    public static string Sql(string totals, bool isAll, string from) =>
        $"SELECT {Sum(totals, "changes")}, {Sum(totals, "images")}, (SELECT coalesce(max(number), 0) FROM images), {(isAll ? "CAST(0 AS bigint)" : "(SELECT count(*) FROM images WHERE number > @newer)")}, (SELECT count(*) FROM {from})";

    /// <summary>The statement for changes and images alone.</summary>
    public static string StateSql(string totals) => $"SELECT {Sum(totals, "changes")}, {Sum(totals, "images")}";

    public static Counted Of(System.Data.Common.DbDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4));

    private static string Sum(string totals, string kind) => $"(SELECT CAST(coalesce(sum(n), 0) AS bigint) FROM {totals} WHERE kind = '{kind}')";
}
