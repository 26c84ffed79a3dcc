using System.Globalization;
using SdStudio.Server.Gallery;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>A filter of images as SQL.</summary>
/// <param name="From">Tables and conditions; the first table gives the order.</param>
/// <param name="Number">The image's number in that table.</param>
/// <param name="First">What the order begins with where thousands of numbers come one after the other; null elsewhere.</param>
/// <param name="Values">The parameters.</param>
internal sealed record GallerySelection(string From, string Number, string? First, (string Name, object? Value)[] Values)
{
    /// <param name="filter">Which images.</param>
    /// <param name="times">How those of its time are found.</param>
    /// <param name="page">Where to begin; null for all.</param>
    /// <param name="newer">Only those with a higher number; null for all.</param>
    /// <param name="rating">Only those with exactly this rating; null for all.</param>
    public static GallerySelection Of(GalleryFilter filter, TimeSearch times, GalleryPage? page, long? newer = null, int? rating = null)
    {
        var conditions = new SqlConditions();
        bool isSearch = !string.IsNullOrWhiteSpace(filter.Search);
        if (isSearch && SearchText.Condition(filter.Search!) is { } words)
            conditions.Require("image_search MATCH $words", "$words", words);
        else if (isSearch)
            conditions.Add("0");
        isSearch = conditions.Values.Count > 0;
        if (isSearch)
            times = TimeSearch.OneByOne;
        (string table, string number) = isSearch ? ("image_search", "image_search.rowid") : FirstTable(filter, times);
        AddTimes(filter, conditions, times);
        int among = AddConditions(filter, conditions, table, number, isRowByRow: times != TimeSearch.OneByOne);
        conditions.Require("images.rating = $exactly", "$exactly", rating);
        bool needsImages = page?.Sort == GallerySort.Rating || conditions.Count - among > 1;
        conditions.Require($"{number} > @newer", "@newer", newer);
        AddCursor(page, number, conditions);
        if (isSearch)
            AddBounds(filter, number, conditions);

        // CROSS JOIN keeps the order: a page of rows is enough. Few are newer: they are looked at by their numbers.
        string from = table != "images" ? needsImages ? $"{table} CROSS JOIN images ON images.number = {number}" : table
            : newer is not null ? "images NOT INDEXED" : times == TimeSearch.Few ? "images INDEXED BY images_by_time" : "images";
        if (times != TimeSearch.Thousands)
            return new GallerySelection(from + conditions.Where, number, First: null, [.. conditions.Values]);
        conditions.AddAll(ThousandsOf(filter));
        conditions.Add($"{number} BETWEEN image_times.first AND image_times.first + 999");
        // A page in the middle begins at its own thousand.
        if (page?.After is not null)
            conditions.Add(page.Sort == GallerySort.Oldest ? "image_times.first > $after - 1000" : "image_times.first < $after");
        return new GallerySelection($"image_times CROSS JOIN {from}{conditions.Where}", number, "image_times.first", [.. conditions.Values]);
    }

    /// <summary>Of the images that may have some words, or that have a tag, those that come first, as many as are to be looked at.</summary>
    /// <param name="filter">Which images; its words are for the caller to look for.</param>
    /// <param name="page">Where to begin.</param>
    /// <param name="words">What the index is asked for; null for the first tag.</param>
    /// <param name="candidates">How many.</param>
    /// <returns>The rows, in the page's order by themselves; and the statement for the numbers of all that are looked at.</returns>
    public static (GallerySelection Rows, string Candidates) NearBy(GalleryFilter filter, GalleryPage page, string? words, int candidates)
    {
        var conditions = new SqlConditions();
        AddTimes(filter, conditions, TimeSearch.OneByOne);
        AddConditions(filter, conditions, "near", "near.number", isRowByRow: true);
        var first = new SqlConditions();
        (string table, string number) = words is null ? ("image_tags", "image") : ("image_search", "rowid");
        first.Require("image_search MATCH $words", "$words", words);
        if (words is null)
            first.Require("tag = $tag0", "$tag0", filter.Tags[0]);
        AddCursor(page, number, first);
        AddBounds(filter, number, first);
        string numbers = $"SELECT {number} AS number FROM {table}{first.Where} ORDER BY {number} {(page.Sort == GallerySort.Oldest ? "ASC" : "DESC")} LIMIT $candidates";
        conditions.AddValues(first);
        // A part with a LIMIT is run by itself, and outside: its rows come one by one, in its order.
        return (
            new GallerySelection(
                $"({numbers}) AS near CROSS JOIN images ON images.number = near.number CROSS JOIN jobs ON jobs.id = images.job_id{conditions.Where}", "near.number", First: null,
                [.. conditions.Values, ("$candidates", candidates)]),
            numbers);
    }

    /// <summary>What a page is ordered by.</summary>
    public string OrderOf(GallerySort sort) => sort switch
    {
        GallerySort.Oldest => First is null ? $"{Number} ASC" : $"{First} ASC, {Number} ASC",
        GallerySort.Rating => "rating DESC, images.number DESC",
        _ => First is null ? $"{Number} DESC" : $"{First} DESC, {Number} DESC",
    };

    // What comes in the order of numbers by itself, and is narrower than all images, goes first.
    private static (string Table, string Number) FirstTable(GalleryFilter filter, TimeSearch times) =>
        times == TimeSearch.Few ? ("images", "images.number")
        : filter.Tags.Count > 0 ? ("image_tags", "image_tags.image")
        : filter.Lora is not null ? ("image_loras", "image_loras.image") : ("images", "images.number");

    /// <returns>How many of the conditions need no row of images.</returns>
    private static int AddConditions(GalleryFilter filter, SqlConditions conditions, string table, string number, bool isRowByRow)
    {
        conditions.Require("images.owner = $owner", "$owner", filter.Scope.Owner);
        conditions.Require("images.model = $model", "$model", filter.Model);
        conditions.Require("images.type = $type", "$type", filter.Type);
        conditions.Require("seed = $seed", "$seed", filter.Seed);
        // A plus keeps a condition from being what rows are looked up by: most images have the same size.
        string plus = table == "image_search" || filter.Model is not null || filter.Board is not null || filter.Starred == true || filter.Seed is not null ? "+" : "";
        conditions.Require($"{plus}width = $width", "$width", filter.Size?.Width);
        conditions.Require($"{plus}height = $height", "$height", filter.Size?.Height);
        conditions.Require($"{(isRowByRow ? "+" : "")}rating >= $rating", "$rating", filter.Rating);
        // Of words or tags that many images have, reading the index of stars or of the board once is quicker than each image's row.
        int among = 0;
        string Among(string condition)
        {
            if (table == "images" || isRowByRow)
                return condition;
            among++;
            return $"+{number} IN (SELECT images.number FROM images WHERE {condition})";
        }

        // The value stands in the text so that the index of starred images alone is used.
        if (filter.Starred is { } starred)
            conditions.Add(starred ? Among("starred = 1") : "starred = 0");
        if (filter.Board == GalleryFilter.NoBoard)
            conditions.Add("board IS NULL");
        else if (filter.Board is not null)
            conditions.Require(Among("board = $board"), "$board", filter.Board);
        // A plus keeps the index of words from being asked again for each image of a LoRA or a tag.
        string one = table == "image_search" ? "+" : "";
        conditions.Require(
            table == "image_loras" ? "image_loras.lora = $lora"
            : isRowByRow ? $"EXISTS (SELECT 1 FROM image_loras AS used WHERE used.lora = $lora AND used.image = {number})" : $"{one}{number} IN (SELECT image FROM image_loras WHERE lora = $lora)",
            "$lora", filter.Lora);
        if (table == "image_tags")
            conditions.Require("image_tags.tag = $tag", "$tag", filter.Tags[0]);
        foreach ((int index, string tag) in filter.Tags.Index().Skip(table == "image_tags" ? 1 : 0))
        {
            // Of few rows each is looked up; of many, all images of the tag are gathered first.
            string has = isRowByRow ? $"EXISTS (SELECT 1 FROM image_tags AS other WHERE other.tag = $tag{index} AND other.image = {number})"
                : $"{one}{number} IN (SELECT other.image FROM image_tags AS other WHERE other.tag = $tag{index})";
            conditions.Require(has, string.Create(CultureInfo.InvariantCulture, $"$tag{index}"), tag);
        }

        return among;
    }

    private static void AddTimes(GalleryFilter filter, SqlConditions conditions, TimeSearch times)
    {
        string plus = times == TimeSearch.Thousands ? "+" : "";
        conditions.Require($"{plus}images.created_at >= $from", "$from", filter.From);
        conditions.Require($"{plus}images.created_at < $to", "$to", filter.To);
    }

    // The parameters are those of the times themselves.
    private static SqlConditions ThousandsOf(GalleryFilter filter)
    {
        var thousands = new SqlConditions();
        thousands.Require("image_times.latest >= $from", "$from", filter.From);
        thousands.Require("image_times.earliest < $to", "$to", filter.To);
        return thousands;
    }

    /// <summary>Words are looked for once: between the first and the last number that may be of the time.</summary>
    private static void AddBounds(GalleryFilter filter, string number, SqlConditions conditions)
    {
        SqlConditions thousands = ThousandsOf(filter);
        if (thousands.Count == 0)
            return;
        conditions.Add($"{number} BETWEEN (SELECT min(first) FROM image_times{thousands.Where}) AND (SELECT max(first) + 999 FROM image_times{thousands.Where})");
        conditions.AddValues(thousands);
    }

    private static void AddCursor(GalleryPage? page, string number, SqlConditions conditions)
    {
        if (page?.After is not { } after)
            return;
        conditions.Add(page.Sort switch
        {
            GallerySort.Oldest => $"{number} > $after",
            GallerySort.Rating => "(rating, images.number) < ($stars, $after)",
            _ => $"{number} < $after",
        });
        conditions.Values.Add(("$after", after.Number));
        if (page.Sort == GallerySort.Rating)
            conditions.Values.Add(("$stars", after.Rating));
    }
}
