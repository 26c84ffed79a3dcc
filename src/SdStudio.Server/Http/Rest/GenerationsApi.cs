using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/generations</c>: what was drawn.</summary>
internal static class GenerationsApi
{
    private const string Group = "Generations";
    private const int DefaultLimit = 20;
    private const int MaxLimit = 1000;

    // A transaction of this many is over before anybody who waits to write notices.
    private const int DeleteAtOnce = 500;

    public static void MapGenerationsApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder generations = api.MapGroup("/generations");
        generations.MapGet("", List).Gives<List<JobView>>(Group, "Finished generations, newest first; X-Total-Count has their number", 400)
            .Asks(("status", "completed (without it), failed, cancelled, pending, processing or all"), ("type", "generate, edit, variation or upscale"), ("model", "A model's id"), ("q", "Text within the prompt; search is the same"), ("limit", "At most so many"), ("offset", "Leave out so many"), ("shape", "studio: in an envelope with pagination"));
        generations.MapGet("/{id}", Get).Gives<JobView>(Group, "A generation with its images", 404);
        generations.MapMethods("/{id}/image", [HttpMethods.Get, HttpMethods.Head], FirstImage).GivesFile(Group, "The first image of a generation", "image/png", 404);
        generations.MapGet("/{id}/images", Images).Gives<List<ImageView>>(Group, "The images of a generation", 404);
        generations.MapGet("/{id}/thumbnail", (string id, HttpRequest request, HttpResponse response, ImageRepository rows, ImageFiles images) =>
            rows.Of(id) is [{ } first, ..] ? ImagesApi.Thumbnail(first.Id, request, response, rows, images) : ApiErrors.NotFound("Image not found"))
            .GivesFile(Group, "A small WebP of a generation's first image", "image/webp", 400, 404).Asks(("size", "Its longer side, 64 to 1024 pixels"));
        generations.MapGet("/{id}/input", (string id, JobQueries lists, ImageFiles images) => Input(lists.Find(id)?.Settings.InputImage, images))
            .GivesFile(Group, "The picture that a generation began from", "image/png", 404);
        generations.MapGet("/{id}/mask", (string id, JobQueries lists, ImageFiles images) => Input(lists.Find(id)?.Settings.MaskImage, images))
            .GivesFile(Group, "Where a generation was drawn anew: white", "image/png", 404);
        generations.MapDelete("/{id}", Delete).Gives<SuccessResponse>(Group, "Removes a generation and its files", 404, 409);
        generations.MapDelete("", DeleteAll).Gives<DeletedAllResponse>(Group, "Removes every generation that has ended")
            .Asks(("delete_files", "true: the image files too"));
    }

    private static IResult List(HttpRequest request, HttpResponse response, JobQueries lists, QueueViews views)
    {
        var query = new RequestQuery(request);
        string status = query.OneOf(["all", .. JobStatus.All], "status") ?? JobStatus.Completed;
        var filter = new JobFilter(
            status == "all" ? null : status, query.OneOf(JobType.All, "type"), query.Text("model"), query.Text("q") ?? query.Text("search"));
        int limit = query.Integer("limit", DefaultLimit, 1, MaxLimit);
        int offset = query.Integer("offset", 0, 0, int.MaxValue);
        long total = lists.Count(filter);
        List<JobView> page = views.Of(lists.List(filter, limit, offset));
        response.Headers["X-Total-Count"] = total.ToString(System.Globalization.CultureInfo.InvariantCulture);
        // The document's shape is the list; the original sent it in an envelope, and its page still wants that.
        return query.OneOf(["document", "studio"], "shape") == "studio"
            ? Results.Json(
                new GenerationsPage(page, new Pagination(total, limit, offset, offset + page.Count < total)), ApiJson.Readable.GenerationsPage)
            : Results.Json(page, ApiJson.Readable.ListJobView);
    }

    private static IResult Get(string id, JobQueries lists, ImageRepository images, QueueViews views) => lists.Find(id) is { } job
        ? Results.Json(views.Of(job) with { Images = [.. images.Of(id).Select(ImageView.Of)] }, ApiJson.Readable.JobView)
        : ApiErrors.NotFound("Generation not found");

    private static IResult FirstImage(string id, HttpResponse response, ImageRepository rows, ImageFiles images) =>
        rows.Of(id) is [{ } first, ..] ? ImagesApi.File(first, response, images) : ApiErrors.NotFound("Image not found");

    private static IResult Input(string? relative, ImageFiles images) => relative is not null && File.Exists(images.FullPath(relative))
        ? Results.File(images.FullPath(relative), "image/png")
        : ApiErrors.NotFound("There is no such picture of this generation");

    private static IResult Images(string id, JobQueries lists, ImageRepository images) => lists.Find(id) is null
        ? ApiErrors.NotFound("Generation not found")
        : Results.Json([.. images.Of(id).Select(ImageView.Of)], ApiJson.Readable.ListImageView);

    private static IResult Delete(string id, JobQueries lists, JobStore store, ImageRepository rows, ImageFiles images, JobEvents events)
    {
        List<JobImage> pictures = rows.Of(id);
        if (!store.Delete(id))
        {
            return lists.Find(id) is { } job
                ? ApiErrors.Json(StatusCodes.Status409Conflict, $"The generation is {job.Status}; cancel it first")
                : ApiErrors.NotFound("Generation not found");
        }

        // The row first: a file that nobody lists is better than a list of files that are gone.
        DeleteFiles(id, pictures, images);
        events.Deleted(id);
        return Results.Json(new SuccessResponse(Success: true), ApiJson.Readable.SuccessResponse);
    }

    private static IResult DeleteAll(HttpRequest request, JobQueries lists, JobStore store, ImageRepository rows, ImageFiles images, JobEvents events)
    {
        bool deleteFiles = new RequestQuery(request).Flag("delete_files");
        // What is drawn from here on is not part of "all".
        long last = lists.LastNumber();
        int deleted = 0, files = 0;
        while (lists.Ended(last, DeleteAtOnce) is { Count: > 0 } ids)
        {
            List<(string Id, List<JobImage> Pictures)> pictures = deleteFiles ? [.. ids.Select(id => (id, rows.Of(id)))] : [];
            deleted += store.DeleteAll(ids);
            foreach ((string id, List<JobImage> ofJob) in pictures)
            {
                DeleteFiles(id, ofJob, images);
                files += ofJob.Count;
            }

            foreach (string id in ids)
                events.Deleted(id);
        }

        return Results.Json(new DeletedAllResponse(Success: true, deleted, deleted, files), ApiJson.Readable.DeletedAllResponse);
    }

    private static void DeleteFiles(string id, List<JobImage> pictures, ImageFiles images)
    {
        foreach (JobImage picture in pictures)
            images.Delete(picture.FilePath);
        images.DeleteInputs(id);
    }
}
