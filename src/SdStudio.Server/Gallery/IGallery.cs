using SdStudio.Server.Queue;

namespace SdStudio.Server.Gallery;

/// <summary>Images as things of their own. Everything outside the scope is as if it did not exist.</summary>
internal interface IGallery
{
    ValueTask<IReadOnlyList<ListedImage>> ListAsync(GalleryFilter filter, GalleryPage page, CancellationToken cancellation);

    /// <summary>The image at that place; null when there are fewer.</summary>
    /// <param name="filter">Which images.</param>
    /// <param name="sort">Their order.</param>
    /// <param name="place">From 0.</param>
    /// <param name="cancellation">Ends waiting.</param>
    ValueTask<GalleryCursor?> CursorAtAsync(GalleryFilter filter, GallerySort sort, int place, CancellationToken cancellation);

    ValueTask<long> CountAsync(GalleryFilter filter, CancellationToken cancellation);

    /// <summary>The images with these ids, in their order; those that do not exist are left out.</summary>
    ValueTask<IReadOnlyList<ListedImage>> FindAsync(IReadOnlyList<string> ids, OwnerScope scope, CancellationToken cancellation);

    /// <summary>Changes images, in one transaction.</summary>
    /// <returns>The images that exist, after the change.</returns>
    ValueTask<IReadOnlyList<ListedImage>> ChangeAsync(IReadOnlyList<string> ids, OwnerScope scope, ImageChange change, CancellationToken cancellation);

    /// <summary>Every tag with how many images have it, the most used first.</summary>
    ValueTask<IReadOnlyList<(string Tag, long Images)>> TagsAsync(OwnerScope scope, int limit, CancellationToken cancellation);

    /// <summary>Lists images that were made elsewhere, each as the one image of a job that has ended.</summary>
    /// <returns>Those that were not there before.</returns>
    ValueTask<IReadOnlySet<string>> AddAsync(IReadOnlyList<ImportedImage> images, CancellationToken cancellation);
}

/// <summary>An image that was made elsewhere.</summary>
/// <param name="Image">Its file is on disk.</param>
/// <param name="Settings">As far as they are known.</param>
/// <param name="Owner">Who brings it.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
internal sealed record ImportedImage(JobImage Image, Generation.GenerationSettings Settings, string Owner, long CreatedAt);
