using SdStudio.Server.Gallery;

namespace SdStudio.Server.Storage;

/// <summary>How a list finds the images between two times.</summary>
internal enum TimeSearch
{
    /// <summary>In the list's order, or by another condition; the time of each is compared.</summary>
    OneByOne,

    /// <summary>By the index of times; they are few, and sorted afterwards.</summary>
    Few,

    /// <summary>A thousand numbers at a time, only those thousands that may contain some.</summary>
    Thousands,
}

/// <summary>Chooses the fastest way.</summary>
internal static class TimeSearches
{
    /// <summary>Sorting fewer images than this is faster than searching in the list's order.</summary>
    public const int MostOfFew = 5000;

    /// <summary>The statement that counts the images between <c>@from</c> and <c>@to</c>, at most <paramref name="most"/>.</summary>
    public static string CountSql(int most) => $"SELECT count(*) FROM (SELECT 1 FROM images WHERE created_at >= @from AND created_at < @to LIMIT {most}) AS few";

    /// <summary>The values for it; null where a filter has no time.</summary>
    public static (string Name, object? Value)[]? Values(GalleryFilter filter) =>
        filter is { From: null, To: null } ? null : [("@from", filter.From ?? long.MinValue), ("@to", filter.To ?? long.MaxValue)];

    /// <param name="isFew">What the statement has found.</param>
    /// <param name="filter">Which images.</param>
    /// <param name="sort">Their order.</param>
    public static TimeSearch Of(bool isFew, GalleryFilter filter, GallerySort sort)
    {
        // An index of words gives its numbers once, for all thousands; ratings are in no order of numbers (see RatingByRating).
        bool isByNumber = string.IsNullOrWhiteSpace(filter.Search) && sort != GallerySort.Rating;
        return isFew ? TimeSearch.Few : isByNumber ? TimeSearch.Thousands : TimeSearch.OneByOne;
    }
    /// <summary>A page by rating as pages of one rating each: within a rating numbers are in order, and thousands can be told apart.</summary>
    /// <param name="filter">Which images.</param>
    /// <param name="page">Where to begin.</param>
    public static IEnumerable<(int Rating, GalleryPage Page)> RatingByRating(GalleryFilter filter, GalleryPage page)
    {
        for (int rating = Math.Min(page.After?.Rating ?? ImageChange.MaxRating, ImageChange.MaxRating); rating >= (filter.Rating ?? 0); rating--)
            yield return (rating, page with { Sort = GallerySort.Newest, After = rating == page.After?.Rating ? page.After : null });
    }
}
