using Microsoft.Data.Sqlite;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Images in SQLite, as things of their own.</summary>
internal sealed class SqliteGallery(StudioDatabase database, int mostOfFew = TimeSearches.MostOfFew) : IGallery, IDisposable
{
    // So many images are looked at one by one, before an index is asked for all that fit.
    private const int Near = 1000;

    // As many where a word that few have is among them.
    private const int NearWithRareWord = 10_000;

    // After so many it is known whether a page of them is to be expected there.
    private const int FirstLook = 100;
    private const string Totals = "counts";
    private const char TagSeparator = '\n';

    private const string Columns =
        $"{ImageRows.Columns}, images.number, images.owner, images.created_at, images.type, images.model, jobs.status, " +
        "json_extract(coalesce(images.settings, jobs.settings), '$.prompt'), json_extract(coalesce(images.settings, jobs.settings), '$.negative_prompt'), starred, rating, board, " +
        "(SELECT group_concat(tag, char(10) ORDER BY tag) FROM image_tags WHERE image = images.number)";

    private const string InScope = "($owner IS NULL OR images.owner = $owner)";

    private readonly RememberedTotals _totals = new();

    public ValueTask<IReadOnlyList<ListedImage>> ListAsync(GalleryFilter filter, GalleryPage page, CancellationToken cancellation) =>
        database.ReadAsync<IReadOnlyList<ListedImage>>(reader => NearBy(reader, filter, page) ?? Page(reader, filter, page));

    private List<ListedImage> Page(SqliteSession reader, GalleryFilter filter, GalleryPage page)
    {
        bool isRated = page.Sort == GallerySort.Rating;
        TimeSearch times = TimesOf(reader, filter, isRated ? GallerySort.Newest : page.Sort);
        if (!isRated || times != TimeSearch.Thousands)
            return Page(reader, filter, page, times);
        List<ListedImage> found = [];
        foreach ((int rating, GalleryPage part) in TimeSearches.RatingByRating(filter, page))
        {
            if (found.Count < page.Limit)
                found.AddRange(Page(reader, filter, part with { Limit = page.Limit - found.Count }, times, rating));
        }

        return found;
    }

    // Numbers come first: where they have to be sorted, whole rows would be made of all that fit.
    private static List<ListedImage> Page(SqliteSession reader, GalleryFilter filter, GalleryPage page, TimeSearch times, int? rating = null)
    {
        GallerySelection selection = GallerySelection.Of(filter, times, page, rating: rating);
        string order = page.Sort switch
        {
            GallerySort.Oldest => "images.number",
            GallerySort.Rating => "rating DESC, images.number DESC",
            _ => "images.number DESC",
        };
        return reader.Query(
            $"SELECT {Columns} FROM (SELECT {selection.Number} AS number FROM {selection.From} ORDER BY {selection.OrderOf(page.Sort)} LIMIT $limit) AS page " +
            $"CROSS JOIN images ON images.number = page.number CROSS JOIN jobs ON jobs.id = images.job_id ORDER BY {order}",
            ToListed, [.. selection.Values, ("$limit", page.Limit)]);
    }

    private TimeSearch TimesOf(SqliteSession reader, GalleryFilter filter, GallerySort sort) => TimeSearches.Values(filter) is { } values
        ? TimeSearches.Of(reader.Query(TimeSearches.CountSql(mostOfFew), row => row.GetInt64(0), values)[0] < mostOfFew, filter, sort)
        : TimeSearch.OneByOne;

    /// <returns>Null when the page may go on beyond what is near by.</returns>
    private static List<ListedImage>? NearBy(SqliteSession reader, GalleryFilter filter, GalleryPage page)
    {
        bool isSearch = !string.IsNullOrWhiteSpace(filter.Search);
        // Beside a tag, all images of a board, all that are starred or all of another tag would be gathered first.
        bool gathers = filter is { Tags.Count: > 1 } or { Tags.Count: 1, Starred: true } or { Tags.Count: 1, Board: not null };
        NearSearch? search = isSearch ? NearSearch.Of(filter.Search!) : null;
        if (page.Sort == GallerySort.Rating || (isSearch ? search is null : !gathers || filter is not { From: null, To: null }))
            return null;
        // A word that few have is found by the index in less time than it takes to look for it in the prompts of others.
        return Look(reader, filter, page, search, Near, FirstLook) ?? (search?.Narrowed() is { } narrowed ? Look(reader, filter, page, narrowed, NearWithRareWord, NearWithRareWord) : null);
    }

    private static List<ListedImage>? Look(SqliteSession reader, GalleryFilter filter, GalleryPage page, NearSearch? search, int most, int firstLook)
    {
        (GallerySelection rows, string candidates) = GallerySelection.NearBy(filter, page, search?.Condition, most);
        List<ListedImage> found = [];
        bool isSure = true;
        int seen = 0;
        reader.Scan(
            $"SELECT {Columns} FROM {rows.From}",
            row =>
            {
                bool? fits = search is null ? true : search.Fits(JobRows.Text(row, ImageRows.ColumnCount + 6) ?? "");
                if (fits == true)
                    found.Add(ToListed(row));
                isSure = fits is not null && (++seen < firstLook || found.Count * most >= seen * page.Limit);
                return isSure && found.Count < page.Limit;
            },
            rows.Values);
        return isSure && (found.Count == page.Limit || IsAll()) ? found : null;

        // Half: what is deleted in between must not make them look like all.
        bool IsAll() => reader.Query($"SELECT count(*) FROM ({candidates})", row => row.GetInt64(0), rows.Values)[0] < most / 2;
    }

    public ValueTask<GalleryCursor?> CursorAtAsync(GalleryFilter filter, GallerySort sort, int place, CancellationToken cancellation)
    {
        // Only an order by rating needs more than the numbers.
        bool isRated = sort == GallerySort.Rating;
        return database.ReadAsync(reader =>
        {
            GallerySelection selection = GallerySelection.Of(filter, TimesOf(reader, filter, sort), isRated ? new GalleryPage(sort, After: null, Limit: 1) : null);
            return reader.Query(
                $"SELECT {selection.Number}, {(isRated ? "rating" : "0")} FROM {selection.From} ORDER BY {selection.OrderOf(sort)} LIMIT 1 OFFSET $place",
                row => new GalleryCursor(row.GetInt64(0), row.GetInt32(1)), [.. selection.Values, ("$place", place)]).FirstOrDefault();
        });
    }

    public ValueTask<long> CountAsync(GalleryFilter filter, CancellationToken cancellation) => RememberedTotals.Kept(filter, Totals) is { } kept
        ? database.ReadAsync(reader => reader.Query(kept.Sql, row => row.GetInt64(0), ("@name", kept.Name), ("@owner", filter.Scope.Owner))[0])
        : _totals.OfAsync(
            filter, () => database.ReadAsync(reader => reader.Query(Counted.StateSql(Totals), row => (row.GetInt64(0), row.GetInt64(1)))[0]), newer => database.ReadAsync(reader => Count(reader, filter, newer)));

    public ValueTask<IReadOnlyList<ListedImage>> FindAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation) =>
        database.ReadAsync(reader => Find(reader, ids, scope));

    public ValueTask<IReadOnlyList<ListedImage>> ChangeAsync(IReadOnlyList<string> ids, OwnerScope scope, ImageChange change, CancellationToken cancellation) => database.Writer.WriteAsync(
        writer =>
        {
            foreach (string id in ids)
            {
                List<long> numbers = writer.Query(
                    "UPDATE images SET starred = coalesce($starred, starred), rating = coalesce($rating, rating), " +
                    $"board = CASE WHEN $board IS NULL THEN board WHEN $board = '{GalleryFilter.NoBoard}' THEN NULL ELSE (SELECT id FROM boards WHERE id = $board) END " +
                    $"WHERE id = $id AND {InScope} RETURNING number",
                    row => row.GetInt64(0),
                    ("$starred", change.Starred is { } starred ? (starred ? 1 : 0) : null), ("$rating", change.Rating), ("$board", change.Board), ("$id", id), JobRows.OwnerOf(scope));
                numbers.ForEach(number => ChangeTags(writer, number, change));
            }

            return Find(writer, ids, scope);
        },
        cancellation);

    public ValueTask<IReadOnlyList<(string Tag, long Images)>> TagsAsync(OwnerScope scope, int limit, CancellationToken cancellation) =>
        database.ReadAsync<IReadOnlyList<(string Tag, long Images)>>(reader => reader.Query(
            $"SELECT name, sum(n) FROM {Totals} WHERE kind = 'tag' AND {JobRows.InScope} GROUP BY name HAVING sum(n) > 0 ORDER BY 2 DESC, 1 LIMIT $limit",
            row => (row.GetString(0), row.GetInt64(1)), ("$limit", limit), JobRows.OwnerOf(scope)));

    public ValueTask<IReadOnlySet<string>> AddAsync(IReadOnlyList<ImportedImage> images, CancellationToken cancellation) => database.Writer.WriteAsync<IReadOnlySet<string>>(
        writer =>
        {
            HashSet<string> added = images.Where(image => Add(writer, image)).Select(image => image.Image.Id).ToHashSet(StringComparer.Ordinal);
            JobSearch.AddMissing(writer);
            return added;
        },
        cancellation);

    public void Dispose() => _totals.Dispose();

    private Counted Count(SqliteSession reader, GalleryFilter filter, long? newer)
    {
        // A time alone is counted by its index, which has nothing else in it.
        bool isTimeAlone = filter with { From = null, To = null } == new GalleryFilter(filter.Scope) && filter.Scope.Owner is null;
        TimeSearch times = newer is not null || isTimeAlone ? TimeSearch.OneByOne : TimesOf(reader, filter, GallerySort.Newest);
        GallerySelection selection = GallerySelection.Of(filter, times, page: null, newer);
        return reader.Query(Counted.Sql(Totals, newer is null, selection.From), Counted.Of, selection.Values)[0];
    }

    private static bool Add(SqliteSession writer, ImportedImage imported)
    {
        (JobImage image, GenerationSettings settings, string owner, long now) = imported;
        bool isNew = writer.Query(
            "INSERT INTO jobs (id, type, model, settings, owner, status, progress, created_at, queued_at, updated_at, completed_at) " +
            "VALUES ($id, $type, $model, $settings, $owner, 'completed', 1, $now, $now, $now, $now) ON CONFLICT DO NOTHING RETURNING 1",
            row => true,
            ("$id", image.JobId), ("$type", settings.Type), ("$model", settings.Model), ("$settings", JobRows.ToText(settings)), ("$owner", owner), ("$now", now)).Count > 0;
        if (isNew)
            ImageRows.Add(writer, image.JobId, [image], now, settings);
        return isNew;
    }

    private static void ChangeTags(SqliteSession writer, long number, ImageChange change)
    {
        if (change.Tags is not null)
            writer.Execute("DELETE FROM image_tags WHERE image = $image", ("$image", number));
        foreach (string tag in change.RemoveTags)
            writer.Execute("DELETE FROM image_tags WHERE image = $image AND tag = $tag", ("$image", number), ("$tag", tag));
        foreach (string tag in (change.Tags ?? []).Concat(change.AddTags))
            writer.Execute("INSERT OR IGNORE INTO image_tags (tag, image) VALUES ($tag, $image)", ("$image", number), ("$tag", tag));
    }

    private static IReadOnlyList<ListedImage> Find(SqliteSession session, IReadOnlyList<string> ids, OwnerScope scope) => [.. ids.SelectMany(id => session.Query(
        $"SELECT {Columns} FROM images CROSS JOIN jobs ON jobs.id = images.job_id WHERE images.id = $id AND {InScope}", ToListed, ("$id", id), JobRows.OwnerOf(scope)))];

    private static ListedImage ToListed(SqliteDataReader row)
    {
        const int at = ImageRows.ColumnCount;
        return new ListedImage(
            ImageRows.ToImage(row), row.GetInt64(at), row.GetString(at + 1), row.GetInt64(at + 2), row.GetString(at + 3), row.GetString(at + 4), row.GetString(at + 5),
            JobRows.Text(row, at + 6) ?? "", JobRows.Text(row, at + 7), row.GetBoolean(at + 8), row.GetInt32(at + 9), JobRows.Text(row, at + 10),
            JobRows.Text(row, at + 11)?.Split(TagSeparator) ?? []);
    }
}
