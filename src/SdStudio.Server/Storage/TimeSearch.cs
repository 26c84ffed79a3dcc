using SdStudio.Server.Gallery;

namespace SdStudio.Server.Storage;

/// <summary>How a list finds the images of a time.</summary>
internal enum TimeSearch
{
    /// <summary>By their order or by something else; each is asked for its time.</summary>
    OneByOne,

    /// <summary>By the index of times, which has them in another order than the list: there are few.</summary>
    Few,

    /// <summary>By the thousands of numbers that may have any.</summary>
    Thousands,
}

/// <summary>Which way is the quickest.</summary>
internal static class TimeSearches
{
    /// <summary>Fewer are sorted sooner than they are looked for in their order.</summary>
    public const int MostOfFew = 5000;

    /// <summary>The statement that counts images between <c>@from</c> and <c>@to</c>, as far as it matters.</summary>
    public static string CountSql(int most) => $"SELECT count(*) FROM (SELECT 1 FROM images WHERE created_at >= @from AND created_at < @to LIMIT {most}) AS few";

    /// <summary>The values for it; null where a filter has no time.</summary>
    public static (string Name, object? Value)[]? Values(GalleryFilter filter) =>
        filter is { From: null, To: null } ? null : [("@from", filter.From ?? long.MinValue), ("@to", filter.To ?? long.MaxValue)];

    /// <param name="isFew">What the statement has found.</param>
    /// <param name="filter">Which images.</param>
    /// <param name="sort">Their order.</param>
    public static TimeSearch Of(bool isFew, GalleryFilter filter, GallerySort sort)
    {
        // An index of words gives its numbers once, for all thousands; ratings are in no order of numbers.
        bool isByNumber = string.IsNullOrWhiteSpace(filter.Search) && sort != GallerySort.Rating;
        return isFew ? TimeSearch.Few : isByNumber ? TimeSearch.Thousands : TimeSearch.OneByOne;
    }
}
