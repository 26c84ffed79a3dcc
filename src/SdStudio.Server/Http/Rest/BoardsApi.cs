using Microsoft.AspNetCore.Http.HttpResults;
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
        boards.MapGet("", ListAsync).Describe("listBoards", ImageListApi.Group, "The boards with their number of images");
        boards.MapPost("", AddAsync).Accepts<BoardBody>("application/json").Describe("addBoard", ImageListApi.Group, "Adds a board", 400)
            .WithMetadata(new RequestExample("""{"name":"cats"}"""));
        boards.MapPatch("/{board}", RenameAsync).Accepts<BoardBody>("application/json").Describe("renameBoard", ImageListApi.Group, "Renames a board", 400);
        boards.MapDelete("/{board}", DeleteAsync).Describe("deleteBoard", ImageListApi.Group, "Deletes a board, with or without its images", 400)
            .WithQuery(QueryParameter.OneOf("images", "What happens to its images; required if it has any", ["keep", "delete"]));
    }

    private static async Task<Ok<BoardsResponse>> ListAsync(HttpContext context, IBoards boards, IGallery gallery)
    {
        OwnerScope scope = ApiKeys.ScopeOf(context);
        IReadOnlyList<Board> list = await boards.ListAsync(scope, context.RequestAborted);
        long none = await gallery.CountAsync(new GalleryFilter(scope) { Board = GalleryFilter.NoBoard }, context.RequestAborted);
        return TypedResults.Ok(new BoardsResponse([.. list.Select(Of)], none));
    }

    private static async Task<Results<Ok<BoardResponse>, Conflict<ErrorResponse>>> AddAsync(HttpContext context, IBoards boards)
    {
        string name = await ReadNameAsync(context);
        return await boards.AddAsync(name, ApiKeys.OwnerOf(context), context.RequestAborted) is { } board
            ? TypedResults.Ok(Of(board))
            : Taken(name);
    }

    private static async Task<Results<Ok<BoardResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> RenameAsync(string board, HttpContext context, IBoards boards)
    {
        string name = await ReadNameAsync(context);
        if (await boards.FindAsync(board, ApiKeys.ScopeOf(context), context.RequestAborted) is not { } found)
            return ApiErrors.NotFound("Board not found");
        return await boards.RenameAsync(found, name, context.RequestAborted) ? TypedResults.Ok(Of(found with { Name = name })) : Taken(name);
    }

    private static async Task<Results<Ok<DeletedBoardResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> DeleteAsync(string board, HttpContext context, IBoards boards, IGallery gallery, JobDeletion deletion)
    {
        string? images = new RequestQuery(context.Request).OneOf(["keep", "delete"], "images");
        OwnerScope scope = ApiKeys.ScopeOf(context);
        if (await boards.FindAsync(board, scope, context.RequestAborted) is not { } found)
            return ApiErrors.NotFound("Board not found");
        if (images is null && found.Images > 0)
            return ApiErrors.Conflict($"{found.Images} images are on the board '{found.Name}'; say images=keep or images=delete");
        int deleted = images == "delete" ? await DeleteImagesAsync(new GalleryFilter(scope) { Board = found.Id }, gallery, deletion, context.RequestAborted) : 0;
        await boards.DeleteAsync(found, context.RequestAborted);
        return TypedResults.Ok(new DeletedBoardResponse(Success: true, deleted));
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

    private static Conflict<ErrorResponse> Taken(string name) => ApiErrors.Conflict($"There is already a board '{name}'");

    private static BoardResponse Of(Board board) => new(board.Id, board.Name, board.Images, board.CoverId, board.CreatedAt);
}

/// <param name="Boards">By name.</param>
/// <param name="Uncategorised">Number of images on no board.</param>
internal sealed record BoardsResponse(IReadOnlyList<BoardResponse> Boards, long Uncategorised);

/// <param name="Id">Usable in requests, like its name.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Images">How many images are on it.</param>
/// <param name="CoverImageId">Its newest image; null for none.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
internal sealed record BoardResponse(string Id, string Name, long Images, string? CoverImageId, long CreatedAt);

/// <param name="Success">True.</param>
/// <param name="Deleted">Number of images deleted with it.</param>
internal sealed record DeletedBoardResponse(bool Success, int Deleted);
