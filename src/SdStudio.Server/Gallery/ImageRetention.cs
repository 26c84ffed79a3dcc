using System.Globalization;
using Microsoft.Extensions.Options;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Gallery;

/// <summary>Deletes images that the setting <c>SdStudio:Images:Keep</c> does not keep. Those with a star stay.</summary>
internal sealed partial class ImageRetention(
    IGallery gallery, JobDeletion deletion, ImageFiles files, IOptions<StudioOptions> options, TimeProvider time, ILogger<ImageRetention> logger) : BackgroundService
{
    private const int AtOnce = 500;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    /// <summary>The rule in force; null for none.</summary>
    public KeepRule? Rule => options.Value.Images.KeepRule;

    /// <summary>What would be deleted now, the newest first.</summary>
    public async Task<IReadOnlyList<DoomedImage>> PlanAsync(CancellationToken cancellation)
    {
        List<DoomedImage> doomed = [];
        if (Rule is not { } rule)
            return doomed;
        long oldest = rule.Age is { } age ? (time.GetUtcNow() - age).ToUnixTimeMilliseconds() : long.MinValue;
        long bytes = 0;
        GalleryCursor? after = null;
        while (await gallery.ListAsync(new GalleryFilter(OwnerScope.All), new GalleryPage(GallerySort.Newest, after, AtOnce), cancellation).ConfigureAwait(false) is { Count: > 0 } images)
        {
            foreach (ListedImage image in images)
            {
                long size = await SizeOfAsync(image.Image.FilePath, cancellation).ConfigureAwait(false);
                bytes += size;
                bool isOld = image.CreatedAt < oldest;
                if ((isOld || bytes > rule.Bytes) && !image.Starred)
                {
                    doomed.Add(new DoomedImage(image.Image.Id, image.CreatedAt, size, isOld ? "it is older than the setting keeps" : "newer images take the space that the setting keeps"));
                    // What goes makes room.
                    bytes -= size;
                }
            }

            after = images[^1].Cursor;
        }

        return doomed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (Rule is not null && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or StorageUnavailableException)
            {
                LogNotApplied(exception.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ApplyAsync(CancellationToken cancellation)
    {
        foreach (DoomedImage image in await PlanAsync(cancellation).ConfigureAwait(false))
        {
            // A star that was given meanwhile counts.
            if (await gallery.FindAsync([image.Id], OwnerScope.All, cancellation).ConfigureAwait(false) is [{ Starred: false }]
                && await deletion.DeleteImageAsync(image.Id, OwnerScope.All, cancellation).ConfigureAwait(false) is { Image: not null, IsRunning: false })
                LogDeleted(image.Id, DateTimeOffset.FromUnixTimeMilliseconds(image.CreatedAt).ToString("u", CultureInfo.InvariantCulture), image.Bytes, image.Reason);
        }
    }

    private async ValueTask<long> SizeOfAsync(string relative, CancellationToken cancellation) =>
        await files.FindAsync(relative, cancellation).ConfigureAwait(false) is { } path && new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    [LoggerMessage(Level = LogLevel.Information, Message = "Image {Image} of {CreatedAt} ({Bytes} bytes) was deleted: {Reason}")]
    private partial void LogDeleted(string image, string createdAt, long bytes, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not all expired images could be deleted: {Reason}")]
    private partial void LogNotApplied(string reason);
}

/// <param name="Id">The image's.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="Bytes">Of its file.</param>
/// <param name="Reason">Why it is not kept.</param>
internal sealed record DoomedImage(string Id, long CreatedAt, long Bytes, string Reason);
