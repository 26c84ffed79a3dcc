using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>POST /api/queue/grid</c>: images that differ in what their axes say, and the sheet of them all.</summary>
internal static class GridsApi
{
    public static void MapGridsApi(this IEndpointRouteBuilder api)
    {
        api.MapPost("/queue/grid", QueueAsync).Accepts<GridBody>("application/json").RequireJobRateLimit()
            .Describe("generateGridLater", "Queue", "A grid of images, as one job in the queue", 400, 409, 413, 415, 429, 503, 507)
            .WithMetadata(new RequestExample("""{"base":{"model":"demo","prompt":"a red circle","size":"64x64","seed":7},"x":{"field":"steps","values":[4,8]},"y":{"field":"prompt_replace","values":["red","green"]}}"""));
        api.MapGet("/queue/{id}/sheet", SheetAsync).ProducesFile("getGridSheet", "Queue", "All images of a grid as one labelled image; missing ones are grey", "image/webp", 400, 404)
            .WithQuery(QueryParameter.OneOf("format", "The format", [ImageFormats.Png, ImageFormats.Webp], ImageFormats.Webp));
    }

    private static async Task<Ok<QueuedResponse>> QueueAsync(HttpRequest request, JobSubmission intake, Presets presets, Lookups lookups)
    {
        CancellationToken left = request.HttpContext.RequestAborted;
        RequestBody body = await RequestBody.ReadAsync(request, left);
        ParameterLimits limits = await intake.Limits.ReadyAsync(left);
        var outer = new RequestFields(body.Fields);
        if (outer.Object("base") is not { } given)
        {
            outer.ThrowIfRefused();
            throw new BadRequestException([new FieldProblem("base", "Missing required field: base, the settings that all images have")], detail: null);
        }

        RequestBody basis = RequestBody.ParseJson(JsonMarshal.GetRawUtf8Value(given).ToArray());
        string owner = ApiKeys.OwnerOf(request.HttpContext);
        IReadOnlyDictionary<string, JsonElement> values = await presets.WithPresetAsync(basis.Fields, owner, left);
        var fields = new RequestFields(values);
        string type = basis.Files.ContainsKey("image") || fields.IsGiven("source_image_id") ? JobType.Edit : JobType.Generate;
        using RequestInputs? inputs = await intake.Images.ReadAsync(type, basis, fields, ApiKeys.ScopeOf(request.HttpContext), left);
        SentImages sent = SentImages.Of(inputs);
        if (sent.References > 0)
            outer.Refuse("base", "base: a grid starts from one image at most");
        GenerationSettings? settings = new GridReader(outer, lookups, limits, owner).Read(type, values, sent);
        string? board = await intake.ReadBoardAsync(request, fields, left);
        SubmitOptions options = intake.ReadOptions(request, body, fields);
        outer.RefuseLike(fields);
        outer.ThrowIfRefused();
        foreach (string model in settings!.Grid!.Cells.Select(cell => cell.Model).Distinct(StringComparer.Ordinal))
        {
            if (lookups.Catalogue.FindAnywhere(model) is { } missing && !lookups.Catalogue.IsUsable(missing))
                throw ClientModels.WithoutFiles(missing);
        }

        List<FileInfo> people = [.. (settings.People ?? []).SelectMany(name => lookups.People.Find(name) ?? [])];
        Job job = await intake.AddAsync(settings with { SourceImageId = inputs?.SourceId, Board = board, Notes = NotesOf(settings, basis, type) }, options, left, inputs, people);
        return TypedResults.Ok(new QueuedResponse(job.Id, job.Status));
    }

    private static IReadOnlyList<string>? NotesOf(GenerationSettings settings, RequestBody basis, string type) =>
        IgnoredFields.Of(basis, type) is { Count: > 0 } ignored ? [.. settings.Notes ?? [], .. ignored] : settings.Notes;

    private static async Task<IResult> SheetAsync(string id, HttpContext context, IJobQueries queries, ImageFiles files, DecodeGate gate)
    {
        string format = new RequestQuery(context.Request).OneOf([ImageFormats.Png, ImageFormats.Webp], "format") ?? ImageFormats.Webp;
        OwnerScope scope = ApiKeys.ScopeOf(context);
        if (await queries.FindAsync(id, scope, context.RequestAborted) is not { Settings.Grid: { } grid })
            return ApiErrors.NotFound("There is no grid of this job");
        var cells = new string?[grid.Cells.Count];
        (int Width, int Height) shape = (grid.Cells[0].Width, grid.Cells[0].Height);
        foreach (JobImage image in (await queries.ImagesAsync(id, scope, context.RequestAborted)).Where(image => image.Index < cells.Length))
        {
            cells[image.Index] = await files.FindAsync(image.FilePath, context.RequestAborted);
            shape = (Math.Max(shape.Width, image.Width), Math.Max(shape.Height, image.Height));
        }

        List<(string, IReadOnlyList<string>)> axes = [.. grid.Axes.Select(axis => (axis.Field, axis.Labels))];
        while (axes.Count < 3)
            axes.Add(("", [""]));
        using IDisposable place = await gate.EnterAsync([], context.RequestAborted);
        byte[] sheet = await Task.Run(() => ContactSheet.Make(cells, axes, shape, format), context.RequestAborted);
        // Cells come, and are deleted.
        context.Response.Headers.CacheControl = "no-cache";
        return Results.Bytes(sheet, $"image/{format}");
    }
}
