using SdStudio.Server.Gallery;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/boards</c>: what people sort their images by.</summary>
internal static class BoardsApi
{
    private const int AtOnce = 500;

    public static void MapBoardsApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder boards = api.MapGroup("/boards");
        boards.MapGet("", ListAsync).ProducesJson<BoardsResponse>("listBoards", ImageListApi.Group, "The boards with their numbers of images");
        boards.MapPost("", AddAsync).Accepts<BoardBody>("application/json").ProducesJson<BoardResponse>("addBoard", ImageListApi.Group, "Makes a board", 400, 409)
            .WithMetadata(new RequestExample("""{"name":"cats"}"""));
        boards.MapPatch("/{board}", RenameAsync).Accepts<BoardBody>("application/json").ProducesJson<BoardResponse>("renameBoard", ImageListApi.Group, "Gives a board another name", 400, 404, 409);
        boards.MapDelete("/{board}", DeleteAsync).ProducesJson<DeletedBoardResponse>("deleteBoard", ImageListApi.Group, "Deletes a board, with or without its images", 400, 404, 409)
            .WithQuery(QueryParameter.OneOf("images", "What becomes of its images; must be said when it has any", ["keep", "delete"]));
    }

    private static async Task<IResult> ListAsync(HttpContext context, IBoards boards, IGallery gallery)
    {
        OwnerScope scope = ApiKeys.ScopeOf(context);
        IReadOnlyList<Board> list = await boards.ListAsync(scope, context.RequestAborted);
        long none = await gallery.CountAsync(new GalleryFilter(scope) { Board = GalleryFilter.NoBoard }, context.RequestAborted);
        return Results.Json(new BoardsResponse([.. list.Select(Of)], none), ApiJson.Readable.BoardsResponse);
    }

    private static async Task<IResult> AddAsync(HttpContext context, IBoards boards)
    {
        string name = await ReadNameAsync(context);
        return await boards.AddAsync(name, ApiKeys.OwnerOf(context), context.RequestAborted) is { } board
            ? Results.Json(Of(board), ApiJson.Readable.BoardResponse)
            : Taken(name);
    }

    private static async Task<IResult> RenameAsync(string board, HttpContext context, IBoards boards)
    {
        string name = await ReadNameAsync(context);
        if (await boards.FindAsync(board, ApiKeys.ScopeOf(context), context.RequestAborted) is not { } found)
            return ApiErrors.NotFound("Board not found");
        return await boards.RenameAsync(found, name, context.RequestAborted) ? Results.Json(Of(found with { Name = name }), ApiJson.Readable.BoardResponse) : Taken(name);
    }

    private static async Task<IResult> DeleteAsync(string board, HttpContext context, IBoards boards, IGallery gallery, JobDeletion deletion)
    {
        string? images = new RequestQuery(context.Request).OneOf(["keep", "delete"], "images");
        OwnerScope scope = ApiKeys.ScopeOf(context);
        if (await boards.FindAsync(board, scope, context.RequestAborted) is not { } found)
            return ApiErrors.NotFound("Board not found");
        if (images is null && found.Images > 0)
            return ApiErrors.Json(StatusCodes.Status409Conflict, $"{found.Images} images are on the board '{found.Name}'; say images=keep or images=delete");
        int deleted = images == "delete" ? await DeleteImagesAsync(new GalleryFilter(scope) { Board = found.Id }, gallery, deletion, context.RequestAborted) : 0;
        await boards.DeleteAsync(found, context.RequestAborted);
        return Results.Json(new DeletedBoardResponse(Success: true, deleted), ApiJson.Readable.DeletedBoardResponse);
    }

    // Images of jobs that still run stay: they lose their board with it.
    private static async Task<int> DeleteImagesAsync(GalleryFilter filter, IGallery gallery, JobDeletion deletion, CancellationToken cancellation)
    {
        int deleted = 0;
        GalleryCursor? after = null;
        while (await gallery.ListAsync(filter, new GalleryPage(GallerySort.Newest, after, AtOnce), cancellation) is { Count: > 0 } images)
        {
            foreach (ListedImage image in images)
                deleted += await deletion.DeleteImageAsync(image.Image.Id, filter.Scope, cancellation) is { Image: not null, IsRunning: false } ? 1 : 0;
            after = images[^1].Cursor;
        }

        return deleted;
    }

    private static async Task<string> ReadNameAsync(HttpContext context)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        string name = fields.RequiredText("name", 4 * Board.MaxNameCharacters)?.Trim() ?? "";
        if (name.Length > Board.MaxNameCharacters || name.Any(char.IsControl) || name.Equals(GalleryFilter.NoBoard, StringComparison.OrdinalIgnoreCase))
            fields.Refuse("name", $"name is '{RequestFields.Shown(name)}'; allowed is one line of at most {Board.MaxNameCharacters} characters, and not '{GalleryFilter.NoBoard}'");
        fields.ThrowIfRefused();
        return name;
    }

    private static IResult Taken(string name) => ApiErrors.Json(StatusCodes.Status409Conflict, $"There is a board '{name}' already");

    private static BoardResponse Of(Board board) => new(board.Id, board.Name, board.Images, board.CoverId, board.CreatedAt);
}

/// <param name="Boards">By name.</param>
/// <param name="Uncategorised">How many images are on none.</param>
internal sealed record BoardsResponse(IReadOnlyList<BoardResponse> Boards, long Uncategorised);

/// <param name="Id">For requests, as its name is.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Images">How many images are on it.</param>
/// <param name="CoverImageId">The newest of them; null for none.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
internal sealed record BoardResponse(string Id, string Name, long Images, string? CoverImageId, long CreatedAt);

/// <param name="Success">True.</param>
/// <param name="Deleted">How many images were deleted with it.</param>
internal sealed record DeletedBoardResponse(bool Success, int Deleted);
