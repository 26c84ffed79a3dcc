using System.Globalization;
using Microsoft.Net.Http.Headers;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary>What <c>/api/images/{id}</c> answers where that is a video: the file, a still of it, its frames side by side.</summary>
internal static class VideosApi
{
    /// <summary>The video as it is stored, or without its settings.</summary>
    public static async Task<IResult> FileAsync(ListedImage listed, VideoSetting video, ImageEncoding how, bool isSaved, HttpResponse response, ImageFiles images, VideoFiles videos)
    {
        JobImage image = listed.Image;
        if (how.Format is not null && how.Format != video.Format)
        {
            throw new BadRequestException(
                [new FieldProblem("format", $"format is '{how.Format}', and image {image.Id} is a video stored as {video.Format}; leave format out. /thumbnail has a still of it, /sheet its frames")], detail: null);
        }

        if (isSaved)
            response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileNameStar = DownloadName.Of(listed, Path.GetExtension(image.FilePath)) }.ToString();
        if (how.Infotext || await images.FindAsync(image.FilePath, response.HttpContext.RequestAborted) is not { } path)
            return await ImagesApi.FileAsync(image, response, images);
        return Results.Bytes(await videos.WithoutInfotextAsync(path, video.Format, response.HttpContext.RequestAborted), image.MimeType);
    }

    /// <summary>The middle frame, small.</summary>
    public static async Task<IResult> ThumbnailAsync(JobImage image, VideoSetting video, int side, HttpResponse response, ImageFiles images, VideoFiles videos) => ImagesApi.File(
        await StillAsync(image, video, side, images, videos, response.HttpContext.RequestAborted), "image/webp", string.Create(CultureInfo.InvariantCulture, $"{image.Id}-{side}"), response);

    /// <summary>Where a small WebP of the middle frame lies.</summary>
    /// <exception cref="FileNotFoundException">The video is gone.</exception>
    /// <exception cref="VideoException">ffmpeg, which wrote it, is gone.</exception>
    public static ValueTask<string> StillAsync(JobImage image, VideoSetting video, int side, ImageFiles images, VideoFiles videos, CancellationToken cancellation) => images.KeptAsync(
        image.Id, image.FilePath, side.ToString(CultureInfo.InvariantCulture),
        file => videos.SheetAsync(file, video.Format, VideoSheet.One(video.Frames / 2, video.Fps, image.Width, image.Height, side), cancellation), cancellation);

    /// <summary>All frames, or an even selection of them.</summary>
    public static async Task<IResult> SheetAsync(string imageId, HttpContext context, IJobQueries queries, ImageFiles images, VideoFiles videos) =>
        await queries.FindImageAsync(imageId, ApiKeys.ScopeOf(context), context.RequestAborted) is { Video: { } video } image
            ? await SheetOfAsync(image, video, context.Response, images, videos)
            : ApiErrors.NotFound("Video not found");

    /// <summary>The same for a video that was found.</summary>
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    /// <exception cref="VideoException">ffmpeg, which wrote it, is gone.</exception>
    public static async Task<IResult> SheetOfAsync(JobImage image, VideoSetting video, HttpResponse response, ImageFiles images, VideoFiles videos)
    {
        CancellationToken left = response.HttpContext.RequestAborted;
        VideoSheet sheet = VideoSheet.All(video.Frames, video.Fps, image.Width, image.Height);
        string path = await images.KeptAsync(image.Id, image.FilePath, "sheet", file => videos.SheetAsync(file, video.Format, sheet, left), left);
        return ImagesApi.File(path, "image/webp", $"{image.Id}-sheet", response);
    }
}
