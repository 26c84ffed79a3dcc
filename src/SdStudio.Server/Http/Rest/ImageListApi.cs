using System.Globalization;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>GET /api/images</c> and <c>DELETE /api/images/{id}</c>: images as things of their own.</summary>
internal static class ImageListApi
{
    private const string Group = "Generations";
    private const int DefaultLimit = 50;
    private const int MaxLimit = 1000;

    public static void MapImageListApi(this RouteGroupBuilder images)
    {
        images.MapGet("", ListAsync).ProducesJson<ImagesResponse>("listImages", Group, "Images, newest first", 400)
            .WithQuery(QueryParameter.Integer("limit", "Maximum number of items", 1, 1000, 50), new QueryParameter("cursor", "next_cursor of the page before; the first page without it"));
        images.MapDelete("/{imageId}", DeleteAsync).ProducesJson<SuccessResponse>("deleteImage", Group, "Deletes an image; its generation goes with the last one", 404, 409);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, IJobQueries queries)
    {
        int limit = new RequestQuery(request).Integer("limit", DefaultLimit, 1, MaxLimit);
        ImageCursor? cursor = null;
        if (request.Query["cursor"] is [{ Length: > 0 } text] && (cursor = ImageCursor.Parse(text)) is null)
            throw new BadRequestException($"cursor is '{RequestFields.Shown(text)}'; allowed is the next_cursor of an earlier answer");
        IReadOnlyList<ListedImage> images = await queries.RecentImagesAsync(
            ApiKeys.ScopeOf(request.HttpContext), cursor, limit, request.HttpContext.RequestAborted);
        return Results.Json(
            new ImagesResponse([.. images.Select(Of)], images.Count == limit ? images[^1].Cursor.ToString() : null), ApiJson.Readable.ImagesResponse);
    }

    private static async Task<IResult> DeleteAsync(string imageId, HttpContext context, JobDeletion deletion)
    {
        DeletedImage deleted = await deletion.DeleteImageAsync(imageId, ApiKeys.ScopeOf(context), context.RequestAborted);
        return deleted.Image is null ? ApiErrors.NotFound("Image not found")
            : deleted.IsRunning ? ApiErrors.Json(StatusCodes.Status409Conflict, "The image's job has not ended; cancel it first")
            : Results.Json(new SuccessResponse(true), ApiJson.Readable.SuccessResponse);
    }

    private static ListedImageResponse Of(ListedImage listed)
    {
        JobImage image = listed.Image;
        return new ListedImageResponse(
            image.Id, image.JobId, image.Index, image.MimeType, image.Width, image.Height, image.Seed.ToString(CultureInfo.InvariantCulture),
            $"/api/images/{image.Id}", $"/api/images/{image.Id}/thumbnail", listed.Type, listed.Model, listed.Prompt, listed.NegativePrompt, listed.Status, listed.CreatedAt);
    }
}

/// <param name="Images">The newest first.</param>
/// <param name="NextCursor">For the next page; null when there is none.</param>
internal sealed record ImagesResponse(IReadOnlyList<ListedImageResponse> Images, string? NextCursor);

/// <summary>An image in the list of all, with what its generation was asked.</summary>
internal sealed record ListedImageResponse(
    string Id, string GenerationId, int IndexInBatch, string MimeType, int Width, int Height, string Seed, string Url, string ThumbnailUrl,
    string Type, string Model, string Prompt, string? NegativePrompt, string Status, long CreatedAt);
