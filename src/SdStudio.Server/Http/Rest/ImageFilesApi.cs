using System.IO.Compression;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Gallery;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Rest;

/// <summary>Many images at once: out as a zip file, in from files or a folder, and what is not kept.</summary>
internal static class ImageFilesApi
{
    private const int MaxInZip = 10_000;
    private const int AtOnce = 500;
    private const int MaxShown = 100;
    private const string OutsideFolder = "allowed is a folder inside the data directory that is not one of the server's own, e.g. import/old";

    // Images of named keys lie in the server's own folders.
    private static readonly string[] OwnFolders = ["images", "inputs", "thumbnails", "kept", "backups", "models", "loras"];

    public static void MapImageFilesApi(this RouteGroupBuilder images)
    {
        images.MapPost("/zip", ZipAsync).Accepts<ZipBody>("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
            .ProducesFile("zipImages", ImageListApi.Group, "A zip file of images, named by number, seed and prompt", "application/zip", 400, 404).WithQuery([
                .. GalleryQuery.Fields, QueryParameter.OneOf("format", "Default: as stored", ImageFormats.All), QueryParameter.Integer("quality", "For jpeg and webp", 0, 100, 90),
                QueryParameter.Flag("infotext", "Whether the files contain their settings; default: true"),
            ]).WithMetadata(new RequestExample("""{"ids":["924f…"]}"""));
        images.MapPost("/import", ImportAsync).Accepts<ImportBody>("multipart/form-data", "application/json")
            .Describe("importImages", ImageListApi.Group, "Imports images made by other programs, with their settings", 400, 403, 413);
        images.MapGet("/retention", PlanAsync).Describe("getRetention", ImageListApi.Group, "What SdStudio:Images:Keep would delete now").RequireAdministrator();
    }

    private static async Task<IResult> ZipAsync(HttpContext context, IGallery gallery, IBoards boards, ImageFiles files, VideoFiles videos)
    {
        RequestBody? body = context.Request.ContentLength is null or 0 ? null : await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body?.Fields ?? new Dictionary<string, System.Text.Json.JsonElement>());
        IReadOnlyList<string> ids = ImageListApi.ReadIds(fields);
        fields.ThrowIfRefused();
        var query = new RequestQuery(context.Request);
        var encoding = new ImageEncoding(query.OneOf(ImageFormats.All, "format"), query.Integer("quality", 90, 0, 100), query.Text("infotext") is null || query.Flag("infotext"));
        GalleryFilter filter = await GalleryQuery.ReadAsync(context, boards);
        if (ids.Count == 0 && await gallery.CountAsync(filter, context.RequestAborted) is > MaxInZip and var count)
            throw new BadRequestException($"{count} images fit; a zip file has at most {MaxInZip}", "Narrow the filters, or name ids");
        IAsyncEnumerable<ListedImage> images = ids.Count > 0 ? NamedAsync(ids, filter.Scope, gallery, context.RequestAborted) : AllAsync(filter, gallery, context.RequestAborted);
        if (!await images.AnyAsync(context.RequestAborted))
            return ApiErrors.NotFound("There are no such images");
        // .NET's zip writer ends each file with a few bytes that it does not write asynchronously.
        context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        return Results.Stream(stream => WriteAsync(stream, images, encoding, files, videos, context.RequestAborted), "application/zip", "images.zip");
    }

    private static async Task WriteAsync(Stream to, IAsyncEnumerable<ListedImage> images, ImageEncoding encoding, ImageFiles files, VideoFiles videos, CancellationToken cancellation)
    {
        await using ZipArchive zip = await ZipArchive.CreateAsync(to, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellation);
        await foreach (ListedImage image in images.WithCancellation(cancellation))
        {
            byte[] bytes;
            try
            {
                bytes = image.Image.Video is { } video
                    ? await BytesOfAsync(image.Image.FilePath, video.Format, encoding.Infotext, files, videos, cancellation)
                    : await files.EncodedAsync(image.Image.FilePath, encoding, cancellation);
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                // Deleted since the list was made.
                continue;
            }

            string extension = encoding.Format is { } format && image.Image.Video is null ? $".{format}" : Path.GetExtension(image.Image.FilePath);
            // Images are packed already.
            ZipArchiveEntry entry = zip.CreateEntry(DownloadName.Of(image, extension), CompressionLevel.NoCompression);
            entry.LastWriteTime = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(image.CreatedAt, EarliestZipTime));
            await using Stream file = await entry.OpenAsync(cancellation);
            await file.WriteAsync(bytes, cancellation);
        }
    }

    // A video stays in its format.
    private static async Task<byte[]> BytesOfAsync(string relative, string format, bool infotext, ImageFiles files, VideoFiles videos, CancellationToken cancellation) => infotext
        ? await files.BytesAsync(relative, cancellation)
        : await videos.WithoutInfotextAsync(await files.FindAsync(relative, cancellation) ?? throw new FileNotFoundException(), format, cancellation);

    // The format begins in 1980.
    private const long EarliestZipTime = 315_532_800_000;

    private static async IAsyncEnumerable<ListedImage> NamedAsync(
        IReadOnlyList<string> ids, OwnerScope scope, IGallery gallery, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (ListedImage image in await gallery.FindAsync(ids, scope, cancellation))
            yield return image;
    }

    private static async IAsyncEnumerable<ListedImage> AllAsync(GalleryFilter filter, IGallery gallery, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        GalleryCursor? after = null;
        while (await gallery.ListAsync(filter, new GalleryPage(GallerySort.Newest, after, AtOnce), cancellation) is { Count: > 0 } page)
        {
            foreach (ListedImage image in page)
                yield return image;
            after = page[^1].Cursor;
        }
    }

    private static async Task<Results<Ok<ImportResponse>, JsonHttpResult<ErrorResponse>>> ImportAsync(HttpContext context, ImageImport import, IBoards boards, ClientModels models, LiveLimits limits, DataFolders folders, TimeProvider time)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var fields = new RequestFields(body.Fields);
        OwnerScope scope = ApiKeys.ScopeOf(context);
        string? folder = fields.Text("folder"), board = fields.Text("board");
        List<byte[]> sent = [.. body.Files.Values.SelectMany(files => files)];
        if ((folder is null) == (sent.Count == 0))
            fields.Refuse("folder", "Send image files in a form, or name a folder of the data directory in folder");
        fields.ThrowIfRefused();
        if (folder is not null && scope.Owner is not null)
            return ApiErrors.Json(StatusCodes.Status403Forbidden, "Only the administrator's API key may import a folder of the server");
        string? boardId = board is null ? null : await GalleryQuery.BoardAsync(board, scope, boards, context.RequestAborted);
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        IEnumerable<ImportSource> sources = folder is null
            ? sent.Select((bytes, index) => new ImportSource($"file {index + 1}", () => bytes, now))
            : Files(folders, folder, fields);
        var how = new ImportOptions(
            ApiKeys.OwnerOf(context), boardId == GalleryFilter.NoBoard ? null : boardId, await limits.ReadyAsync(context.RequestAborted), found => SettingsApi.ModelOf(found, models)?.Id);
        ImportResult result = await Task.Run(() => import.TakeAsync(sources, how, context.RequestAborted), context.RequestAborted);
        return TypedResults.Ok(
            new ImportResponse(result.Ids.Count, result.Known, result.Failed, [.. result.Ids.Take(MaxShown * 10)], [.. result.Problems.Select(problem => new ImportProblem(problem.Name, problem.Problem))]));
    }

    // The oldest first: they are listed in the order in which they were made.
    private static IEnumerable<ImportSource> Files(DataFolders folders, string folder, RequestFields fields)
    {
        string full = Path.GetFullPath(Path.Combine(folders.Root, folder));
        string inside = Path.GetRelativePath(folders.Root, full).Replace('\\', '/');
        if (inside is "." || inside.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(inside) || OwnFolders.Contains(inside.Split('/')[0], StringComparer.OrdinalIgnoreCase))
            fields.Refuse("folder", $"folder is '{RequestFields.Shown(folder)}'; {OutsideFolder}");
        else if (!Directory.Exists(full))
            fields.Refuse("folder", $"folder is '{RequestFields.Shown(folder)}'; there is no such folder in the data directory");
        fields.ThrowIfRefused();
        return FolderWalk.Files(full, file => Path.GetExtension(file).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".webp")
            .Select(file => (Path: file, Time: File.GetLastWriteTimeUtc(file))).OrderBy(file => file.Time).ThenBy(file => file.Path, StringComparer.Ordinal)
            .Select(file => new ImportSource(Path.GetRelativePath(full, file.Path), () => File.ReadAllBytes(file.Path), new DateTimeOffset(file.Time).ToUnixTimeMilliseconds()));
    }

    private static async Task<Ok<RetentionResponse>> PlanAsync(ImageRetention retention, Microsoft.Extensions.Options.IOptions<StudioOptions> options, CancellationToken left)
    {
        IReadOnlyList<DoomedImage> doomed = await retention.PlanAsync(left);
        return TypedResults.Ok(
            new RetentionResponse(retention.Rule is null ? null : options.Value.Images.Keep, doomed.Count, doomed.Sum(image => image.Bytes), [.. doomed.Take(MaxShown)]));
    }
}

/// <param name="Imported">Number of new images.</param>
/// <param name="Known">Number of images that already existed.</param>
/// <param name="Failed">Number of files that could not be read.</param>
/// <param name="Ids">The ids of the first thousand new images.</param>
/// <param name="Problems">The problems of the first failed files.</param>
internal sealed record ImportResponse(int Imported, int Known, int Failed, IReadOnlyList<string> Ids, IReadOnlyList<ImportProblem> Problems);

internal sealed record ImportProblem(string File, string Problem);

/// <param name="Keep">The setting; null if all images are kept.</param>
/// <param name="Images">Number of images that it would delete now.</param>
/// <param name="Bytes">Their total size.</param>
/// <param name="Items">The first of them.</param>
internal sealed record RetentionResponse(string? Keep, int Images, long Bytes, IReadOnlyList<DoomedImage> Items);
