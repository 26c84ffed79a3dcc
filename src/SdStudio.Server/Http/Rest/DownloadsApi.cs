using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Http.Nodes;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Downloads;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/models/download</c>: fetching a model's files from the hub.</summary>
internal static class DownloadsApi
{
    private const string Group = "Models";

    public static void MapDownloadsApi(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder downloads = api.MapGroup("/models/download");
        downloads.MapPost("", StartAsync).Accepts<DownloadBody>("application/json").RequireAdministrator().Describe("startDownload", Group, "Downloads the missing files of a model or upscaler", 400)
            .WithMetadata(new RequestExample("""{"modelId":"z-image-turbo"}""")).OnAnyNode();
        downloads.MapGet("", (ModelDownloads running) => TypedResults.Ok(running.Running.Select(found => DownloadView.Of(found.Row, found.Running)).ToList()))
            .Describe("listDownloads", Group, "The downloads in progress").OnAnyNode();
        downloads.MapGet("/{id}", async Task<Results<Ok<DownloadView>, NotFound<ErrorResponse>>> (string id, ModelDownloads running, CancellationToken cancellation) => await running.FindAsync(id, cancellation) is { } found
            ? TypedResults.Ok(DownloadView.Of(found.Row, found.Running))
            : NotFound()).Describe("getDownload", Group, "The progress of a download").OnAnyNode();
        downloads.MapDelete("/{id}", CancelAsync).RequireAdministrator().Describe("cancelDownload", Group, "Cancels a download and deletes its partial files").OnAnyNode();
    }

    private static async Task<Results<Ok<DownloadingResponse>, NotFound<ErrorResponse>>> StartAsync(HttpRequest request, ModelCatalogue catalogue, ModelDownloads downloads, CancellationToken cancellation)
    {
        RequestBody body = await RequestBody.ReadAsync(request, cancellation);
        var fields = new RequestFields(body.Fields);
        string? id = fields.Text("modelId") ?? fields.Text("model_id") ?? fields.Text("model");
        if (id is null)
            throw new BadRequestException("Missing required field: modelId");
        if (catalogue.HubFilesOf(id) is not { } files)
            return ApiErrors.NotFound("Model not found");
        if (files.Count == 0)
            throw new BadRequestException($"Model {id} has no huggingface entry with a repo in the catalogue, so nothing says where its files are");
        return TypedResults.Ok(new DownloadingResponse(await downloads.StartAsync(id, cancellation), "downloading"));
    }

    private static async Task<Results<Ok<SuccessResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> CancelAsync(string id, ModelDownloads downloads, CancellationToken cancellation)
    {
        if (downloads.Cancel(id))
            return TypedResults.Ok(new SuccessResponse(Success: true));
        return await downloads.FindAsync(id, cancellation) is { } ended
            ? ApiErrors.Conflict($"The download is {ended.Row.Status}")
            : NotFound();
    }

    private static NotFound<ErrorResponse> NotFound() => ApiErrors.NotFound("Download not found");
}
