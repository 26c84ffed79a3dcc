using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using NetVips;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/images/{id}</c>: the image, its thumbnail, its settings, and reproducing it.</summary>
internal static class ImagesApi
{
    /// <summary>Where the original studio's page looks for images.</summary>
    public const string OriginalFolder = "/static/images";

    private const string Group = "Generations";
    private const int DefaultThumbnail = 256;
    private const int MaxThumbnail = 1024;
    private const int DefaultQuality = 90;
    private const string Unchanging = "private, max-age=31536000, immutable";

    public static void MapImagesApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder images = api.MapGroup("/images");
        images.MapImageListApi();
        images.MapImageFilesApi();
        images.MapMethods("/{imageId}", [HttpMethods.Get, HttpMethods.Head], GetImageAsync).ProducesFile("getImage", Group, "An image, or a video; the file has its settings inside", "image/png", 400, 404)
            .WithQuery(
                QueryParameter.OneOf("format", "Default: as stored; other formats are encoded with the settings inside", ImageFormats.All), QueryParameter.Integer("quality", "For jpeg and webp", 0, 100, DefaultQuality),
                QueryParameter.Flag("infotext", "Whether the file contains its settings; default: true"), QueryParameter.Flag("download", "Whether browsers save the file, named by number, seed and prompt"));
        images.MapMethods("/{imageId}/sheet", [HttpMethods.Get, HttpMethods.Head], VideosApi.SheetAsync)
            .ProducesFile("getVideoSheet", Group, "The frames of a video side by side, in rows", "image/webp", 404, 501);
        images.MapMethods("/{imageId}/thumbnail", [HttpMethods.Get, HttpMethods.Head], ThumbnailAsync)
            .ProducesFile("getImageThumbnail", Group, "A small WebP of an image", "image/webp", 400, 404).WithQuery(QueryParameter.Integer("size", "Its longer side, pixels", 64, 1024, 256));
        images.MapGet("/{imageId}/parameters", ParametersAsync).Describe("getImageParameters", Group, "The settings that reproduce an image");
        images.MapPost("/{imageId}/reproduce", ReproduceAsync).RequireJobRateLimit()
            .Describe("reproduceImage", Group, "Generates an image again and compares the pixels", 400, 409, 429, 500, 507);
    }

    /// <summary>The address that the original studio's page writes into its pages.</summary>
    public static void MapOriginalImages(this IEndpointRouteBuilder root) =>
        root.MapMethods(OriginalFolder + "/{imageId}.png", [HttpMethods.Get, HttpMethods.Head], GetImageAsync).ExcludeFromDescription();

    public static async Task<IResult> FileAsync(JobImage image, HttpResponse response, ImageFiles images) =>
        await images.FindAsync(image.FilePath, response.HttpContext.RequestAborted) is { } path
            ? File(path, image.MimeType, image.Id, response)
            : ApiErrors.NotFound("Image file not found on disk");

    private static async Task<IResult> GetImageAsync(string imageId, HttpRequest request, HttpResponse response, IGallery gallery, ImageFiles images, VideoFiles videos)
    {
        var query = new RequestQuery(request);
        var how = new ImageEncoding(
            query.OneOf(ImageFormats.All, "format"), query.Integer("quality", DefaultQuality, 0, 100), query.Text("infotext") is null || query.Flag("infotext"));
        bool isSaved = query.Flag("download");
        if (await gallery.FindAsync([imageId], ApiKeys.ScopeOf(request.HttpContext), request.HttpContext.RequestAborted) is not [{ Image: var image } listed])
            return ApiErrors.NotFound("Image not found");
        if (image.Video is { } video)
            return await VideosApi.FileAsync(listed, video, how, isSaved, response, images, videos);
        string stored = image.MimeType["image/".Length..];
        string format = how.Format ?? stored;
        if (isSaved)
            response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileNameStar = DownloadName.Of(listed, $".{format}") }.ToString();
        CancellationToken left = request.HttpContext.RequestAborted;
        if ((format == stored && how.Infotext) || await images.FindAsync(image.FilePath, left) is null)
            return await FileAsync(image, response, images);
        response.Headers.CacheControl = Unchanging;
        return Results.Bytes(
            await images.EncodedAsync(image.FilePath, how, left), $"image/{format}", entityTag: new EntityTagHeaderValue($"\"{image.Id}-{format}-{how.Quality}{(how.Infotext ? "" : "-bare")}\""));
    }

    public static async Task<IResult> ThumbnailAsync(string imageId, HttpRequest request, HttpResponse response, IJobQueries queries, ImageFiles images, VideoFiles videos)
    {
        // Sides in steps: nobody fills the disk with 1,000 sizes of one image.
        int side = new RequestQuery(request).Integer("size", DefaultThumbnail, 64, MaxThumbnail);
        side = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)side);
        if (await queries.FindImageAsync(imageId, ApiKeys.ScopeOf(request.HttpContext), request.HttpContext.RequestAborted) is not { } image)
            return ApiErrors.NotFound("Image not found");
        CancellationToken left = request.HttpContext.RequestAborted;
        try
        {
            return image.Video is { } video
                ? await VideosApi.ThumbnailAsync(image, video, side, response, images, videos)
                : File(await images.ThumbnailAsync(image.Id, image.FilePath, side, left), "image/webp", $"{image.Id}-{side}", response);
        }
        catch (Exception exception) when (exception is VipsException or FileNotFoundException)
        {
            if (await images.FindAsync(image.FilePath, left) is not null)
                throw;
            return ApiErrors.NotFound("Image file not found on disk");
        }
    }

    /// <summary>A file that never changes under its address; parts of it can be asked for.</summary>
    public static IResult File(string path, string mimeType, string tag, HttpResponse response)
    {
        // An image never changes under its id.
        response.Headers.CacheControl = Unchanging;
        return Results.File(
            path, mimeType, lastModified: System.IO.File.GetLastWriteTimeUtc(path), entityTag: new EntityTagHeaderValue($"\"{tag}\""),
            enableRangeProcessing: true);
    }

    private static async Task<Results<Ok<ParametersResponse>, NotFound<ErrorResponse>>> ParametersAsync(string imageId, HttpContext context, IJobQueries queries)
    {
        if (await FindAsync(imageId, context, queries) is not var (image, job))
            return ApiErrors.NotFound("Image not found");
        GenerationSettings s = image.SettingsOf(job);
        return TypedResults.Ok(
            new ParametersResponse(
                s.Type, s.Model, s.Prompt, s.NegativePrompt, new ImageSize(s.Hires?.Width ?? s.Width, s.Hires?.Height ?? s.Height).ToString(),
                image.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), N: 1, s.Steps, s.CfgScale, s.Sampler, s.Scheduler, s.ClipSkip,
                s.Strength, s.Eta, s.FlowShift, s.Guidance, s.VaeTiling, s.Tiling,
                s.Hires is null ? null : s.Width, s.Hires is null ? null : s.Height, s.Hires?.Upscaler, s.Hires is { Steps: > 0 } ? s.Hires.Steps : null,
                s.Hires?.Strength, s.Loras ?? [], s.Quality, s.Style, s.Upscaler, s.ResizeMode, s.UpscaleFactor,
                s.InputImage, s.MaskImage, s.SourceImageId, s.ModelHash, s.Engine, Infotext.Of(s, image.Seed))
            {
                PromptTemplate = s.Template, NegativePromptTemplate = s.NegativeTemplate, Device = image.Device ?? job.Device,
                More = ParameterValues.Of(s),
            });
    }

    private static async Task<Results<Ok<ReproducedResponse>, Accepted<ReproducedResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>, JsonHttpResult<ErrorResponse>>> ReproduceAsync(
        string imageId, HttpContext context, IJobQueries queries, JobSubmission intake, JobWaiter wait, ImageFiles images)
    {
        if (await FindAsync(imageId, context, queries) is not var (image, job))
            return ApiErrors.NotFound("Image not found");
        if (job.Settings.Type == JobType.Import)
            return ApiErrors.Conflict("This image was made elsewhere; use its settings for a request of your own");
        // Each image of a batch is generated as if alone, with its own seed.
        GenerationSettings settings = image.SettingsOf(job) with { InputImage = null, MaskImage = null, ReferenceImages = null };
        using RequestInputs inputs = await intake.Images.ReadAsync(job.Settings, context.RequestAborted);
        Job again = await wait.ForAsync(
            await intake.AddAsync(settings, new SubmitOptions(ApiKeys.OwnerOf(context)), context.RequestAborted, inputs), WhenClientLeaves.Finish, context.RequestAborted);
        if (again.Status == JobStatus.Completed && await queries.ImagesAsync(again.Id, OwnerScope.All, context.RequestAborted) is [{ } second])
        {
            byte[] before = await images.BytesAsync(image.FilePath, context.RequestAborted), after = await images.BytesAsync(second.FilePath, context.RequestAborted);
            // Of videos the files tell: they are written alike.
            int? difference = image.Video is null ? Difference(before, after) : before.AsSpan().SequenceEqual(after) ? 0 : null;
            return TypedResults.Ok(new ReproducedResponse(again.Id, again.Id, again.Status, second.Id, difference == 0, difference));
        }

        return JobProblem.Of(again) is { } error
            ? ApiErrors.Json(error.Status, error.Message, error.Detail)
            : TypedResults.Accepted(uri: (string?)null, new ReproducedResponse(again.Id, again.Id, again.Status, ImageId: null, Same: null, MaxDifference: null));
    }

    private static async Task<(JobImage Image, Job Job)?> FindAsync(string imageId, HttpContext context, IJobQueries queries)
    {
        OwnerScope scope = ApiKeys.ScopeOf(context);
        return await queries.FindImageAsync(imageId, scope, context.RequestAborted) is { } image && await queries.FindAsync(image.JobId, scope, context.RequestAborted) is { } job
            ? (image, job)
            : null;
    }

    /// <returns>The largest difference of two pixels' values, 0 to 255.</returns>
    private static int Difference(byte[] first, byte[] second)
    {
        using Image one = Image.NewFromBuffer(first);
        using Image other = Image.NewFromBuffer(second);
        using Image difference = (one - other).Abs();
        return (int)difference.Max();
    }
}
