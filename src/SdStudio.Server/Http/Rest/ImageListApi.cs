using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Gallery;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/images</c>: images as things of their own, found, marked and deleted.</summary>
internal static class ImageListApi
{
    /// <summary>Where the endpoints stand in the description.</summary>
    public const string Group = "Gallery";

    /// <summary>Most images of one change.</summary>
    public const int MaxIds = 1000;

    private const int DefaultLimit = 50;
    private const int MaxLimit = 1000;
    private const int MaxTags = 50;
    private const int MaxTagCharacters = 100;
    private static readonly string[] Sorts = [.. Enum.GetNames<GallerySort>().Select(name => name.ToLowerInvariant())];

    public static void MapImageListApi(this RouteGroupBuilder images)
    {
        images.MapGet("", ListAsync).Describe("listImages", Group, "Images, newest first, with filters and search", 400)
            .WithQuery([
                .. GalleryQuery.Fields, QueryParameter.OneOf("sort", "The order; rating lists the best first", Sorts, "newest"),
                QueryParameter.Integer("limit", "Maximum number of items", 1, 1000, 50), new QueryParameter("cursor", "next_cursor of the previous page; without it, the first page"),
                QueryParameter.Integer("offset", "Instead of cursor: number of images to skip", 0, int.MaxValue, 0),
            ]);
        images.MapPatch("", ChangeSeveralAsync).Accepts<ImagesChangeBody>("application/json")
            .Describe("changeImages", Group, "Changes stars, rating, tags or board of several images", 400).WithMetadata(new RequestExample("""{"ids":["924f…"],"starred":true,"add_tags":["cat"]}"""));
        images.MapPatch("/{imageId}", ChangeAsync).Accepts<ImageChangeBody>("application/json")
            .Describe("changeImage", Group, "Changes star, rating, tags or board of an image", 400).WithMetadata(new RequestExample("""{"starred":true,"rating":4,"board":"cats"}"""));
        images.MapGet("/tags", async (HttpContext context, IGallery gallery) => TypedResults.Ok(
            new TagsResponse([.. (await gallery.TagsAsync(ApiKeys.ScopeOf(context), MaxLimit, context.RequestAborted)).Select(tag => new TagResponse(tag.Tag, tag.Images))])))
            .Describe("listTags", Group, "The tags of images, the most used first");
        images.MapDelete("/{imageId}", DeleteAsync).Describe("deleteImage", Group, "Deletes an image; its generation goes with the last one");
    }

    private static async Task<Ok<ImagesResponse>> ListAsync(HttpContext context, IGallery gallery, IBoards boards)
    {
        var query = new RequestQuery(context.Request);
        GalleryFilter filter = await GalleryQuery.ReadAsync(context, boards);
        int limit = query.Integer("limit", DefaultLimit, 1, MaxLimit);
        GallerySort sort = Enum.Parse<GallerySort>(query.OneOf(Sorts, "sort") ?? Sorts[0], ignoreCase: true);
        GalleryCursor? cursor = null;
        if (query.Text("cursor") is { } text && (cursor = GalleryCursor.Parse(text)) is null)
            throw new BadRequestException($"cursor is '{RequestFields.Shown(text)}'; allowed is the next_cursor of an earlier answer");
        int offset = query.Integer("offset", 0, 0, int.MaxValue);
        bool isBeyond = false;
        if (offset > 0 && cursor is null)
            isBeyond = (cursor = await gallery.CursorAtAsync(filter, sort, offset - 1, context.RequestAborted)) is null;
        IReadOnlyList<ListedImage> images = isBeyond ? [] : await gallery.ListAsync(filter, new GalleryPage(sort, cursor, limit), context.RequestAborted);
        long total = await gallery.CountAsync(filter, context.RequestAborted);
        return TypedResults.Ok(
            new ImagesResponse([.. images.Select(ListedImageResponse.Of)], images.Count == limit ? images[^1].Cursor.ToString() : null, total));
    }

    private static async Task<Results<Ok<ListedImageResponse>, NotFound<ErrorResponse>>> ChangeAsync(string imageId, HttpContext context, IGallery gallery, IBoards boards, JobEvents events)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        ImageChange change = await ReadChangeAsync(body, new RequestFields(body.Fields), context, boards);
        return await ChangedAsync([imageId], change, context, gallery, events) is [{ } changed]
            ? TypedResults.Ok(changed)
            : ApiErrors.NotFound("Image not found");
    }

    private static async Task<Ok<ChangedImagesResponse>> ChangeSeveralAsync(HttpContext context, IGallery gallery, IBoards boards, JobEvents events)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        IReadOnlyList<string> ids = ReadIds(fields);
        if (ids.Count == 0)
            fields.Refuse("ids", "Missing required field: ids, a list of images' ids");
        ImageChange change = await ReadChangeAsync(body, fields, context, boards);
        return TypedResults.Ok(new ChangedImagesResponse(await ChangedAsync(ids, change, context, gallery, events)));
    }

    /// <summary>The images that a body names; none without the field.</summary>
    public static IReadOnlyList<string> ReadIds(RequestFields fields)
    {
        IReadOnlyList<JsonElement> ids = fields.List("ids");
        if (ids.Count > MaxIds)
            fields.Refuse("ids", $"ids has {ids.Count} items; allowed are at most {MaxIds}");
        return [.. ids.Take(MaxIds).Select(id => RequestFields.TextOf(id) ?? "").Distinct(StringComparer.Ordinal)];
    }

    private static async Task<IReadOnlyList<ListedImageResponse>> ChangedAsync(IReadOnlyList<string> ids, ImageChange change, HttpContext context, IGallery gallery, JobEvents events)
    {
        IReadOnlyList<ListedImage> changed = await gallery.ChangeAsync(ids, ApiKeys.ScopeOf(context), change, context.RequestAborted);
        List<ListedImageResponse> responses = [.. changed.Select(ListedImageResponse.Of)];
        foreach ((ListedImage image, ListedImageResponse response) in changed.Zip(responses))
            events.ImageChanged(image.Owner, JsonSerializer.SerializeToUtf8Bytes(response, ApiJson.Readable.ListedImageResponse));
        return responses;
    }

    private static async Task<ImageChange> ReadChangeAsync(RequestBody body, RequestFields fields, HttpContext context, IBoards boards)
    {
        bool leavesBoard = body.Fields.TryGetValue("board", out JsonElement value) && value.ValueKind == JsonValueKind.Null;
        var change = new ImageChange
        {
            Starred = fields.Flag("starred"),
            Rating = (int?)fields.Integer(0, ImageChange.MaxRating, "rating"),
            Tags = body.Fields.ContainsKey("tags") ? ReadTags(fields, "tags") : null,
            AddTags = ReadTags(fields, "add_tags"),
            RemoveTags = ReadTags(fields, "remove_tags"),
            Board = leavesBoard ? GalleryFilter.NoBoard : fields.Text("board"),
        };
        fields.ThrowIfRefused();
        if (change is { Starred: null, Rating: null, Tags: null, AddTags: [], RemoveTags: [], Board: null })
            fields.Refuse("starred", "Nothing to change: send starred, rating, tags, add_tags, remove_tags or board");
        fields.ThrowIfRefused();
        return change.Board is { } board ? change with { Board = await GalleryQuery.BoardAsync(board, ApiKeys.ScopeOf(context), boards, context.RequestAborted) } : change;
    }

    private static List<string> ReadTags(RequestFields fields, string name)
    {
        List<string> tags = [.. fields.List(name).Select(tag => ImageChange.Tag(RequestFields.TextOf(tag) ?? "")).Distinct(StringComparer.Ordinal)];
        if (tags.Count > MaxTags || tags.Exists(tag => tag.Length is 0 or > MaxTagCharacters || tag.Contains(',', StringComparison.Ordinal)))
            fields.Refuse(name, $"{name} is a list of at most {MaxTags} texts of 1 to {MaxTagCharacters} characters without commas");
        return tags;
    }

    private static async Task<Results<Ok<SuccessResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> DeleteAsync(string imageId, HttpContext context, JobDeletion deletion)
    {
        DeletedImage deleted = await deletion.DeleteImageAsync(imageId, ApiKeys.ScopeOf(context), context.RequestAborted);
        return deleted.Image is null ? ApiErrors.NotFound("Image not found")
            : deleted.IsRunning ? ApiErrors.Conflict("The image's job has not finished; cancel it first")
            : TypedResults.Ok(new SuccessResponse(true));
    }
}

/// <param name="Images">In the requested order.</param>
/// <param name="NextCursor">Leads to the next page; null on the last one.</param>
/// <param name="Total">Number of matching images on all pages.</param>
internal sealed record ImagesResponse(IReadOnlyList<ListedImageResponse> Images, string? NextCursor, long Total);

/// <param name="Images">The images that exist, after the change.</param>
internal sealed record ChangedImagesResponse(IReadOnlyList<ListedImageResponse> Images);

internal sealed record TagsResponse(IReadOnlyList<TagResponse> Tags);

/// <param name="Tag">The tag.</param>
/// <param name="Images">Number of images that have it.</param>
internal sealed record TagResponse(string Tag, long Images);

/// <summary>An image with the request of its generation.</summary>
internal sealed record ListedImageResponse(
    string Id, string GenerationId, int IndexInBatch, string MimeType, int Width, int Height, string Seed, string Url, string ThumbnailUrl,
    string Type, string Model, string Prompt, string? NegativePrompt, string Status, long CreatedAt)
{
    /// <summary>The image's number on this server; unique and never reused.</summary>
    public long Number { get; init; }

    public bool Starred { get; init; }

    /// <summary>0 for none, to 5.</summary>
    public int Rating { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The id of its board; null for none.</summary>
    public string? Board { get; init; }

    /// <summary>The device that generated it; null if unknown.</summary>
    public string? Device { get; init; }

    /// <summary>Frames and time of a video; absent for images.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VideoView? Video { get; init; }

    public static ListedImageResponse Of(ListedImage listed)
    {
        JobImage image = listed.Image;
        return new ListedImageResponse(
            image.Id, image.JobId, image.Index, image.MimeType, image.Width, image.Height, image.Seed.ToString(CultureInfo.InvariantCulture),
            $"/api/images/{image.Id}", $"/api/images/{image.Id}/thumbnail", listed.Type, listed.Model, listed.Prompt, listed.NegativePrompt, listed.Status, listed.CreatedAt)
        {
            Number = listed.Number, Starred = listed.Starred, Rating = listed.Rating, Tags = listed.Tags, Board = listed.Board, Device = image.Device,
            Video = VideoView.Of(image.Settings, image.Id),
        };
    }
}
