using System.Data.Common;
using System.Globalization;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Images in PostgreSQL, as things of their own.</summary>
internal sealed class PostgresGallery(PostgresDatabase database, int mostOfFew = TimeSearches.MostOfFew) : IGallery, IDisposable
{
    // So many images are looked at for words, one after the other from where a page begins, before their index is asked.
    private const int NearBy = 5000;

    // So many of them tell which of a few words is rare, and up to so many images it may have to be worth asking the index for it alone.
    private const int Sample = 1000;
    private const int MostOfRareWord = 2000;
    private const int MostWords = 16;
    private const string Totals = "totals";
    private const char TagSeparator = '\n';

    private const string Columns =
        $"{ImageRows.Columns}, images.number, images.owner, images.created_at, images.type, images.model, jobs.status, images.prompt, images.negative_prompt, starred, rating, board, " +
        "(SELECT string_agg(tag, chr(10) ORDER BY tag COLLATE \"C\") FROM image_tags WHERE image = images.number)";

    private const string From = "images JOIN jobs ON jobs.id = images.job_id";
    private const string InScope = "(@owner::text IS NULL OR images.owner = @owner)";

    private const string OfThousand = " BETWEEN times.first AND times.first + 999";

    private readonly RememberedTotals _totals = new();

    public async ValueTask<IReadOnlyList<ListedImage>> ListAsync(GalleryFilter filter, GalleryPage page, CancellationToken cancellation)
    {
        if (!string.IsNullOrWhiteSpace(filter.Search) && page.Sort != GallerySort.Rating)
            return await SearchAsync(filter, page, cancellation).ConfigureAwait(false);
        bool isRated = page.Sort == GallerySort.Rating;
        TimeSearch times = await TimesAsync(filter, isRated ? GallerySort.Newest : page.Sort, cancellation).ConfigureAwait(false);
        if (!isRated || times != TimeSearch.Thousands)
            return await PageAsync(filter, page, times, rating: null, cancellation).ConfigureAwait(false);
        List<ListedImage> found = [];
        foreach ((int rating, GalleryPage part) in TimeSearches.RatingByRating(filter, page))
        {
            if (found.Count < page.Limit)
                found.AddRange(await PageAsync(filter, part with { Limit = page.Limit - found.Count }, times, rating, cancellation).ConfigureAwait(false));
        }

        return found;
    }

    private async ValueTask<IReadOnlyList<ListedImage>> PageAsync(GalleryFilter filter, GalleryPage page, TimeSearch times, int? rating, CancellationToken cancellation)
    {
        SqlConditions conditions = Conditions(filter, times);
        conditions.Require("images.rating = @exactly", "exactly", rating);
        AddCursor(page, conditions);
        return await PageAsync(Select("images.number", filter, page, times, conditions, "@limit"), page, conditions, cancellation).ConfigureAwait(false);
    }

    // Nobody can tell well how many images have some words. Those that many have are found near by in a moment, those that few have by the index;
    // the other way round each takes a second.
    private async ValueTask<IReadOnlyList<ListedImage>> SearchAsync(GalleryFilter filter, GalleryPage page, CancellationToken cancellation)
    {
        SqlConditions conditions = Conditions(filter, TimeSearch.OneByOne);
        AddCursor(page, conditions);
        bool isOldest = page.Sort == GallerySort.Oldest;
        SqlConditions thousands = ThousandsOf(filter, page: null);
        (long first, long last) = await database.FirstAsync(
            $"SELECT coalesce(min(first), 0), coalesce(max(first), 0) + 999 FROM image_times{thousands.Where}", row => (row.GetInt64(0), row.GetInt64(1)), cancellation, [.. thousands.Values]).ConfigureAwait(false);
        long begin = isOldest ? Math.Max(page.After?.Number ?? 0, first - 1) : Math.Min(page.After?.Number ?? long.MaxValue, last);
        // Behind an OFFSET the planner does not look: it would ask the index of words again.
        (string among, string order) = isOldest ? ("number > @begin AND number <= @begin + @near", "number") : ("number <= @begin AND number >= @begin - @near", "number DESC");
        IReadOnlyList<ListedImage> found = await PageAsync(
            $"SELECT number FROM (SELECT * FROM images WHERE {among} ORDER BY {order} OFFSET 0) AS images{conditions.Where} ORDER BY {OrderOf(page.Sort)} LIMIT @limit", page, conditions, cancellation,
            ("begin", begin), ("near", (long)NearBy)).ConfigureAwait(false);
        if (found.Count == page.Limit || (isOldest ? begin + NearBy >= last : begin - NearBy <= first))
            return found;
        string? rare = await RareTermAsync(filter.Search!, $"SELECT words FROM images WHERE {among} ORDER BY {order} LIMIT {Sample}", ("begin", begin), ("near", (long)NearBy), cancellation).ConfigureAwait(false);
        string from = rare is null ? "images" : "(SELECT * FROM images WHERE words @@ sdstudio_fold(@rare)::tsquery OFFSET 0) AS images";
        return await PageAsync(
            $"WITH found AS MATERIALIZED (SELECT number FROM {from}{conditions.Where}) SELECT number FROM found AS images ORDER BY {OrderOf(page.Sort)} LIMIT @limit", page, conditions, cancellation,
            ("rare", rare)).ConfigureAwait(false);
    }

    // Asked for all words, the index gathers all images of each by its beginning, which takes long for a word that most have.
    private async ValueTask<string?> RareTermAsync(string search, string sample, (string Name, object? Value) begin, (string Name, object? Value) near, CancellationToken cancellation)
    {
        string[] terms = [.. Terms(search)];
        if (terms.Length is < 2 or > MostWords)
            return null;
        string counts = string.Join(", ", terms.Select((_, index) => string.Create(CultureInfo.InvariantCulture, $"count(*) FILTER (WHERE words @@ sdstudio_fold(@term{index})::tsquery)")));
        (long Count, string Term) rarest = (await database.SearchAsync(
            $"SELECT {counts} FROM ({sample}) AS sample", row => terms.Index().Min(term => (row.GetInt64(term.Index), term.Item)), cancellation,
            [begin, near, .. terms.Index().Select(term => (string.Create(CultureInfo.InvariantCulture, $"term{term.Index}"), (object?)term.Item))]).ConfigureAwait(false))[0];
        if (rarest.Count * 100 > Sample)
            return null;
        List<long> images = await database.SearchAsync(
            $"SELECT count(*) FROM (SELECT 1 FROM images WHERE words @@ sdstudio_fold(@term)::tsquery LIMIT {MostOfRareWord}) AS few", row => row.GetInt64(0), cancellation, ("term", rarest.Term)).ConfigureAwait(false);
        return images[0] < MostOfRareWord ? rarest.Term : null;
    }

    private async ValueTask<IReadOnlyList<ListedImage>> PageAsync(
        string numbers, GalleryPage page, SqlConditions conditions, CancellationToken cancellation, params (string Name, object? Value)[] more) => await database.SearchAsync(
        $"SELECT {Columns} FROM ({numbers}) AS page JOIN images ON images.number = page.number JOIN jobs ON jobs.id = images.job_id ORDER BY {OrderOf(page.Sort)}", ToListed, cancellation,
        [.. conditions.Values, .. more, ("limit", page.Limit)]).ConfigureAwait(false);

    private static string Select(string columns, GalleryFilter filter, GalleryPage page, TimeSearch times, SqlConditions conditions, string limit)
    {
        string order = $" ORDER BY {OrderOf(page.Sort)}";
        if (times == TimeSearch.OneByOne)
            return $"SELECT {columns} FROM images{conditions.Where}{order} LIMIT {limit}";
        // What stands before an OFFSET is done by itself.
        if (times == TimeSearch.Few)
            return $"SELECT {columns} FROM (SELECT * FROM images{TimesOf(filter).Where} OFFSET 0) AS images{conditions.Where}{order} LIMIT {limit}";
        SqlConditions thousands = ThousandsOf(filter, page);
        string first = page.Sort == GallerySort.Oldest ? "first" : "first DESC";
        return $"SELECT {columns} FROM (SELECT first FROM image_times{thousands.Where} ORDER BY {first}) AS times " +
            $"CROSS JOIN LATERAL (SELECT images.number FROM images{conditions.Where}{order} OFFSET 0) AS images ORDER BY {first}, {OrderOf(page.Sort)} LIMIT {limit}";
    }

    private async ValueTask<TimeSearch> TimesAsync(GalleryFilter filter, GallerySort sort, CancellationToken cancellation) => TimeSearches.Values(filter) is { } values
        ? TimeSearches.Of(await database.FirstAsync(TimeSearches.CountSql(mostOfFew), row => row.GetInt64(0), cancellation, values).ConfigureAwait(false) < mostOfFew, filter, sort)
        : TimeSearch.OneByOne;

    public async ValueTask<GalleryCursor?> CursorAtAsync(GalleryFilter filter, GallerySort sort, int place, CancellationToken cancellation)
    {
        TimeSearch times = await TimesAsync(filter, sort, cancellation).ConfigureAwait(false);
        SqlConditions conditions = Conditions(filter, times);
        return (await database.SearchAsync(
            // Only an order by rating needs more than the numbers, which are in every index.
            Select($"images.number, {(sort == GallerySort.Rating ? "images.rating" : "0")}", filter, new GalleryPage(sort, After: null, Limit: 1), times, conditions, "1 OFFSET @place"),
            row => new GalleryCursor(row.GetInt64(0), row.GetInt32(1)), cancellation, [.. conditions.Values, ("place", place)]).ConfigureAwait(false)).FirstOrDefault();
    }

    public ValueTask<long> CountAsync(GalleryFilter filter, CancellationToken cancellation) => RememberedTotals.Kept(filter, Totals) is { } kept
        ? database.FirstAsync(kept.Sql, row => row.GetInt64(0), cancellation, ("name", kept.Name), ("owner", filter.Scope.Owner))
        : _totals.OfAsync(
            filter, () => database.FirstAsync(Counted.StateSql(Totals), row => (row.GetInt64(0), row.GetInt64(1)), cancellation), newer => CountAsync(filter, newer, cancellation));

    public async ValueTask<IReadOnlyList<ListedImage>> FindAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation) => await database.QueryAsync(
        $"SELECT {Columns} FROM {From} WHERE images.id = ANY(@ids) AND {InScope} ORDER BY array_position(@ids, images.id)", ToListed, cancellation,
        ("ids", ids.ToArray()), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<ListedImage>> ChangeAsync(IReadOnlyList<string> ids, OwnerScope scope, ImageChange change, CancellationToken cancellation)
    {
        await database.WriteAsync(
            async session =>
            {
                List<long> numbers = await session.QueryAsync(
                    "UPDATE images SET starred = coalesce(@starred::boolean, starred), rating = coalesce(@rating::integer, rating), " +
                    $"board = CASE WHEN @board::text IS NULL THEN board WHEN @board = '{GalleryFilter.NoBoard}' THEN NULL ELSE (SELECT id FROM boards WHERE id = @board) END " +
                    $"WHERE id = ANY(@ids) AND {InScope} RETURNING number",
                    row => row.GetInt64(0),
                    ("starred", change.Starred), ("rating", change.Rating), ("board", change.Board), ("ids", ids.ToArray()), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);
                await ChangeTagsAsync(session, [.. numbers], change).ConfigureAwait(false);
                return true;
            },
            cancellation).ConfigureAwait(false);
        return await FindAsync(ids, scope, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<(string Tag, long Images)>> TagsAsync(OwnerScope scope, int limit, CancellationToken cancellation) => await database.QueryAsync(
        $"SELECT name, sum(n)::bigint FROM {Totals} WHERE kind = 'tag' AND {PostgresRows.InScope} GROUP BY name HAVING sum(n) > 0 ORDER BY 2 DESC, name COLLATE \"C\" LIMIT @limit",
        row => (row.GetString(0), row.GetInt64(1)), cancellation, ("limit", limit), PostgresRows.OwnerOf(scope)).ConfigureAwait(false);

    public ValueTask<IReadOnlySet<string>> AddAsync(IReadOnlyList<ImportedImage> images, CancellationToken cancellation) => database.WriteAsync<IReadOnlySet<string>>(
        async session =>
        {
            var added = new HashSet<string>(StringComparer.Ordinal);
            foreach (ImportedImage image in images)
            {
                if (await AddAsync(session, image).ConfigureAwait(false))
                    added.Add(image.Image.Id);
            }

            return added;
        },
        cancellation);

    public void Dispose() => _totals.Dispose();

    private async ValueTask<Counted> CountAsync(GalleryFilter filter, long? newer, CancellationToken cancellation)
    {
        SqlConditions conditions = Conditions(filter, TimeSearch.OneByOne);
        // As near by: the few new ones are looked at one by one.
        string from = (newer is null ? "images" : "(SELECT * FROM images WHERE number > @newer OFFSET 0) AS images") + conditions.Where;
        return (await database.SearchAsync(Counted.Sql(Totals, newer is null, from), Counted.Of, cancellation, [.. conditions.Values, ("newer", newer)]).ConfigureAwait(false))[0];
    }

    private static async ValueTask<bool> AddAsync(PostgresSession session, ImportedImage imported)
    {
        (JobImage image, GenerationSettings settings, string owner, long now) = imported;
        int count = await session.ExecuteAsync(
            "INSERT INTO jobs (id, type, model, settings, prompt, owner, status, progress, created_at, queued_at, updated_at, completed_at) " +
            "VALUES (@id, @type, @model, @settings, @prompt, @owner, 'completed', 1, @now, @now, @now, @now) ON CONFLICT DO NOTHING",
            ("id", image.JobId), ("type", settings.Type), ("model", settings.Model), ("settings", JobRows.ToText(settings)), ("prompt", settings.Prompt), ("owner", owner), ("now", now)).ConfigureAwait(false);
        if (count > 0)
            await PostgresRows.AddImagesAsync(session, image.JobId, [image], tells: false, now).ConfigureAwait(false);
        return count > 0;
    }

    private static async ValueTask ChangeTagsAsync(PostgresSession session, long[] images, ImageChange change)
    {
        if (change.Tags is not null)
            await session.ExecuteAsync("DELETE FROM image_tags WHERE image = ANY(@images)", ("images", images)).ConfigureAwait(false);
        if (change.RemoveTags.Count > 0)
            await session.ExecuteAsync("DELETE FROM image_tags WHERE image = ANY(@images) AND tag = ANY(@tags)", ("images", images), ("tags", change.RemoveTags.ToArray())).ConfigureAwait(false);
        string[] added = [.. (change.Tags ?? []).Concat(change.AddTags)];
        if (added.Length > 0)
        {
            await session.ExecuteAsync(
                "INSERT INTO image_tags (tag, image) SELECT tag, image FROM unnest(@tags) AS tag CROSS JOIN unnest(@images) AS image ON CONFLICT DO NOTHING", ("images", images), ("tags", added)).ConfigureAwait(false);
        }
    }

    private static SqlConditions Conditions(GalleryFilter filter, TimeSearch times)
    {
        var conditions = new SqlConditions();
        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            if (WordsCondition(filter.Search) is { } words)
                conditions.Require("images.words @@ sdstudio_fold(@words)::tsquery", "words", words);
            else
                conditions.Add("false");
        }

        conditions.Require("images.owner = @owner", "owner", filter.Scope.Owner);
        conditions.Require("images.model = @model", "model", filter.Model);
        conditions.Require("images.type = @type", "type", filter.Type);
        conditions.Require("seed = @seed", "seed", filter.Seed);
        conditions.Require("width = @width", "width", filter.Size?.Width);
        conditions.Require("height = @height", "height", filter.Size?.Height);
        conditions.Require("rating >= @rating", "rating", filter.Rating);
        conditions.AddAll(TimesOf(filter));
        bool isByThousands = times == TimeSearch.Thousands;
        if (isByThousands)
            conditions.Add("images.number" + OfThousand);
        if (filter.Starred is { } starred)
            conditions.Add(starred ? "starred" : "NOT starred");
        if (filter.Board == GalleryFilter.NoBoard)
            conditions.Add("board IS NULL");
        else
            conditions.Require("board = @board", "board", filter.Board);
        string among = isByThousands ? " AND image" + OfThousand : "";
        conditions.Require($"images.number IN (SELECT image FROM image_loras WHERE lora = @lora{among})", "lora", filter.Lora);
        foreach ((int index, string tag) in filter.Tags.Index())
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"tag{index}");
            conditions.Require($"images.number IN (SELECT image FROM image_tags WHERE tag = @{name}{among})", name, tag);
        }

        return conditions;
    }

    private static SqlConditions TimesOf(GalleryFilter filter)
    {
        var times = new SqlConditions();
        times.Require("images.created_at >= @from", "from", filter.From);
        times.Require("images.created_at < @to", "to", filter.To);
        return times;
    }

    // The parameters are those of the times themselves.
    private static SqlConditions ThousandsOf(GalleryFilter filter, GalleryPage? page)
    {
        var thousands = new SqlConditions();
        thousands.Require("latest >= @from", "from", filter.From);
        thousands.Require("earliest < @to", "to", filter.To);
        // A page in the middle begins at its own thousand.
        if (page?.After is not null)
            thousands.Add(page.Sort == GallerySort.Oldest ? "first > @after - 1000" : "first < @after");
        return thousands;
    }

    private static void AddCursor(GalleryPage page, SqlConditions conditions)
    {
        if (page.After is not { } after)
            return;
        conditions.Add(page.Sort switch
        {
            GallerySort.Oldest => "images.number > @after",
            GallerySort.Rating => "(rating, images.number) < (@stars, @after)",
            _ => "images.number < @after",
        });
        conditions.Values.AddRange([("after", after.Number), ("stars", after.Rating)]);
    }

    /// <summary>The words of a search as PostgreSQL writes a <c>tsquery</c>: all must be there. Null when there are none.</summary>
    private static string? WordsCondition(string search) => string.Join(" & ", Terms(search)) is { Length: > 0 } words ? words : null;

    // Phrases in quotes are looked for as they are, others by the beginning of a word.
    private static IEnumerable<string> Terms(string search)
    {
        foreach ((string word, bool isPhrase) in SearchWords.Of(search))
        {
            string[] tokens = [.. PostgresRows.Tokens(SearchText.Of(word)).Select(token => $"'{token}'")];
            if (tokens.Length > 0)
                yield return $"({string.Join(" <-> ", tokens)}{(isPhrase ? "" : ":*")})";
        }
    }

    private static string OrderOf(GallerySort sort) => sort switch
    {
        GallerySort.Oldest => "images.number",
        GallerySort.Rating => "images.rating DESC, images.number DESC",
        _ => "images.number DESC",
    };

    private static ListedImage ToListed(DbDataReader row)
    {
        const int at = ImageRows.ColumnCount;
        return new ListedImage(
            ImageRows.ToImage(row), row.GetInt64(at), row.GetString(at + 1), row.GetInt64(at + 2), row.GetString(at + 3), row.GetString(at + 4), row.GetString(at + 5),
            row.GetString(at + 6), JobRows.Text(row, at + 7), row.GetBoolean(at + 8), row.GetInt32(at + 9), JobRows.Text(row, at + 10), JobRows.Text(row, at + 11)?.Split(TagSeparator) ?? []);
    }
}
