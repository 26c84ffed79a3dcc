using System.Globalization;
using SdStudio.Server.Gallery;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>A filter of images as SQL.</summary>
/// <param name="From">Tables and conditions; the first table gives the order.</param>
/// <param name="Number">The image's number in that table.</param>
/// <param name="Values">The parameters.</param>
internal sealed record GallerySelection(string From, string Number, (string Name, object? Value)[] Values)
{
    /// <param name="filter">Which images.</param>
    /// <param name="page">Where to begin; null to count all.</param>
    /// <param name="newer">Only those with a higher number; null for all.</param>
    public static GallerySelection Of(GalleryFilter filter, GalleryPage? page, long? newer = null)
    {
        var conditions = new SqlConditions();
        bool isSearch = !string.IsNullOrWhiteSpace(filter.Search);
        if (isSearch && SearchText.Condition(filter.Search!) is { } words)
            conditions.Require("image_search MATCH $words", "$words", words);
        else if (isSearch)
            conditions.Add("0");
        isSearch = conditions.Values.Count > 0;
        // What comes in the order of numbers by itself, and is narrower than all images, goes first.
        (string table, string number) = isSearch ? ("image_search", "image_search.rowid")
            : filter.Tags.Count > 0 ? ("image_tags", "image_tags.image") : ("images", "images.number");
        int among = AddConditions(filter, conditions, table, number, isRowByRow: false);
        bool needsImages = page is not null || conditions.Count - among > 1;
        conditions.Require($"{number} > @newer", "@newer", newer);
        AddCursor(page, number, conditions);

        // CROSS JOIN keeps the order: a page of rows is enough.
        // Few are newer: they are looked at by their numbers.
        string from = table == "images" && newer is not null ? "images NOT INDEXED"
            : table == "images" || !needsImages ? table : $"{table} CROSS JOIN images ON images.number = {number}";
        return new GallerySelection(page is null ? from + conditions.Where : $"{from} CROSS JOIN jobs ON jobs.id = images.job_id{conditions.Where}", number, [.. conditions.Values]);
    }

    /// <summary>The images that come first, or of those that may have some words, as many as are to be looked at.</summary>
    /// <param name="filter">Which images; its words are for the caller to look for.</param>
    /// <param name="page">Where to begin.</param>
    /// <param name="words">What the index is asked for; null for all images.</param>
    /// <param name="candidates">How many.</param>
    /// <returns>The rows, in the page's order by themselves; and the statement for the numbers of all that are looked at.</returns>
    public static (GallerySelection Rows, string Candidates) NearBy(GalleryFilter filter, GalleryPage page, string? words, int candidates)
    {
        var conditions = new SqlConditions();
        AddConditions(filter, conditions, "near", "near.number", isRowByRow: true);
        var first = new SqlConditions();
        first.Require("image_search MATCH $words", "$words", words);
        string number = words is null ? "number" : "rowid";
        AddCursor(page, number, first);
        string from = (words is null ? "images" : "image_search") + first.Where;
        string numbers = $"SELECT {number} AS number FROM {from} ORDER BY {number} {(page.Sort == GallerySort.Oldest ? "ASC" : "DESC")} LIMIT $candidates";
        // A part with a LIMIT is run by itself, and outside: its rows come one by one, in its order.
        return (
            new GallerySelection(
                $"({numbers}) AS near CROSS JOIN images ON images.number = near.number CROSS JOIN jobs ON jobs.id = images.job_id{conditions.Where}", "near.number",
                [.. conditions.Values, .. first.Values, ("$candidates", candidates)]),
            numbers);
    }

    /// <summary>What a page is ordered by.</summary>
    public string OrderOf(GallerySort sort) => sort switch
    {
        GallerySort.Oldest => $"{Number} ASC",
        GallerySort.Rating => "rating DESC, images.number DESC",
        _ => $"{Number} DESC",
    };

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
        conditions.Require("rating >= $rating", "$rating", filter.Rating);
        conditions.Require("images.created_at >= $from", "$from", filter.From);
        conditions.Require("images.created_at < $to", "$to", filter.To);
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
        conditions.Require("images.number IN (SELECT image FROM image_loras WHERE lora = $lora)", "$lora", filter.Lora);
        if (table == "image_tags")
            conditions.Require("image_tags.tag = $tag", "$tag", filter.Tags[0]);
        foreach ((int index, string tag) in filter.Tags.Index().Skip(table == "image_tags" ? 1 : 0))
        {
            // Of few rows each is looked up; of many, all images of the tag are gathered first.
            string has = isRowByRow ? $"EXISTS (SELECT 1 FROM image_tags AS other WHERE other.tag = $tag{index} AND other.image = {number})"
                : $"{number} IN (SELECT other.image FROM image_tags AS other WHERE other.tag = $tag{index})";
            conditions.Require(has, string.Create(CultureInfo.InvariantCulture, $"$tag{index}"), tag);
        }

        return among;
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
