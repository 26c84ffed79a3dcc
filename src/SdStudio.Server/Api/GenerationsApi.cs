using System.Globalization;
using Microsoft.Net.Http.Headers;
using SdStudio.Server.Images;
using SdStudio.Server.Jobs;
using SdStudio.Server.Storage;

namespace SdStudio.Server.Api;

/// <summary><c>GET /api/generations</c>, <c>GET /api/generations/{id}</c> and <c>GET /api/images/{imageId}</c>.</summary>
internal static class GenerationsApi
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 1000;

    public static void MapGenerationsApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/generations", List);
        api.MapGet("/generations/{id}", Get);
        api.MapMethods("/images/{imageId}", [HttpMethods.Get, HttpMethods.Head], GetImage);
    }

    private static IResult List(HttpRequest request, JobStore store, JobQueue queue)
    {
        int limit = Query(request, "limit", DefaultLimit, 1, MaxLimit);
        int offset = Query(request, "offset", 0, 0, int.MaxValue);
        return Results.Json<IReadOnlyList<GenerationAnswer>>(
            [.. store.Completed(limit, offset).Select(row => ToAnswer(row.Job, queue, row.ImageCount, null))],
            ApiJson.Readable.IReadOnlyListGenerationAnswer);
    }

    private static IResult Get(string id, JobStore store, JobQueue queue)
    {
        if (store.Find(id) is not { } job)
            return ApiErrors.NotFound("Generation not found");
        List<ImageAnswer> images = [.. store.ImagesOf(id).Select(image => new ImageAnswer(
            image.Id, image.JobId, image.Index, image.FilePath, image.MimeType, image.Width, image.Height,
            image.Seed.ToString(CultureInfo.InvariantCulture), RevisedPrompt: null))];
        return Results.Json(ToAnswer(job, queue, images.Count, images), ApiJson.Readable.GenerationAnswer);
    }

    private static IResult GetImage(string imageId, HttpResponse response, JobStore store, ImageStore images)
    {
        if (store.FindImage(imageId) is not { } image)
            return ApiErrors.NotFound("Image not found");
        var file = new FileInfo(images.FullPath(image.FilePath));
        if (!file.Exists)
            return ApiErrors.NotFound("Image file not found on disk");
        // A picture never changes under its id.
        response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return Results.File(
            file.FullName, image.MimeType, lastModified: file.LastWriteTimeUtc, entityTag: new EntityTagHeaderValue($"\"{image.Id}\""),
            enableRangeProcessing: true);
    }

    private static GenerationAnswer ToAnswer(Job job, JobQueue queue, int imageCount, IReadOnlyList<ImageAnswer>? images)
    {
        JobSettings settings = job.Settings;
        return new GenerationAnswer(
            job.Id, settings.Type, settings.Model, settings.Prompt, settings.NegativePrompt,
            new PictureSize(settings.Width, settings.Height).ToString(), settings.Seed.ToString(CultureInfo.InvariantCulture), settings.Count,
            settings.Steps, settings.CfgScale, settings.Sampler, settings.Scheduler, settings.ClipSkip, settings.Quality, settings.Style,
            job.Status, queue.ProgressOf(job), job.Error, job.CreatedAt, job.UpdatedAt, job.StartedAt, job.CompletedAt, job.ModelLoadingMs, job.GenerationMs, imageCount, images);
    }

    private static int Query(HttpRequest request, string name, int absent, int min, int max)
    {
        if (request.Query[name] is not [{ Length: > 0 } text])
            return absent;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : throw new BadRequestException($"{name} is '{RequestFields.Shown(text)}'; allowed is a whole number from {min} to {max}");
    }
}
