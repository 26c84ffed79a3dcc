using SdStudio.Server.Generation;

namespace SdStudio.Server.Gallery;

/// <summary>Which images to list; null takes all.</summary>
/// <param name="Scope">Whose.</param>
internal sealed record GalleryFilter(OwnerScope Scope)
{
    /// <summary>What <see cref="Board"/> is for images that are in none.</summary>
    public const string NoBoard = "none";

    public bool? Starred { get; init; }

    /// <summary>The least rating.</summary>
    public int? Rating { get; init; }

    /// <summary>All of them must be there.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>A board's id.</summary>
    public string? Board { get; init; }

    public string? Model { get; init; }

    public string? Type { get; init; }

    public ImageSize? Size { get; init; }

    /// <summary>Made at this time or later, Unix milliseconds.</summary>
    public long? From { get; init; }

    /// <summary>Made before this time, Unix milliseconds.</summary>
    public long? To { get; init; }

    public long? Seed { get; init; }

    /// <summary>The name of a LoRA.</summary>
    public string? Lora { get; init; }

    /// <summary>Words of the prompt, in any order, from their beginning; a phrase in quotes is found as it is.</summary>
    public string? Search { get; init; }
}

/// <summary>The order of a list of images.</summary>
internal enum GallerySort
{
    Newest,
    Oldest,

    /// <summary>The best rated first, of equal ones the newest.</summary>
    Rating,
}

/// <param name="Sort">The order.</param>
/// <param name="After">Where the page before ended; null for the first page.</param>
/// <param name="Limit">At most this many.</param>
internal sealed record GalleryPage(GallerySort Sort, GalleryCursor? After, int Limit);

/// <summary>What to change of images; null leaves it.</summary>
internal sealed record ImageChange
{
    public const int MaxRating = 5;

    public bool? Starred { get; init; }

    /// <summary>0 for none, to 5.</summary>
    public int? Rating { get; init; }

    /// <summary>In place of all tags.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    public IReadOnlyList<string> AddTags { get; init; } = [];

    public IReadOnlyList<string> RemoveTags { get; init; } = [];

    /// <summary>A board's id, or <see cref="GalleryFilter.NoBoard"/>.</summary>
    public string? Board { get; init; }

    /// <summary>A tag as it is kept: one line in small letters.</summary>
    public static string Tag(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant();
}
