using Microsoft.AspNetCore.Http.HttpResults;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Nodes;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/models/convert</c>: a model with its weights in another type, where the engine can make one.</summary>
internal static class ConvertApi
{
    private static readonly string[] Types = ["f32", "f16", "bf16", "q8_0", "q6_K", "q5_K", "q5_1", "q5_0", "q4_K", "q4_1", "q4_0", "q3_K", "q2_K"];

    public static void MapConvertApi(this IEndpointRouteBuilder api) => api.MapPost("/models/convert", ConvertAsync).RequireJobRateLimit()
        .Accepts<ConvertBody>("application/json").RequireAdministrator().Describe("convertModel", "Models", "Converts a model's weights to another type, as a job; 501 where the engine cannot", 400, 409, 501)
        .WithMetadata(new RequestExample("""{"modelId":"sdxl","type":"q8_0"}""")).OnAnyNode();

    private static async Task<Results<Ok<QueuedResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>, JsonHttpResult<ErrorResponse>>> ConvertAsync(
        HttpRequest request, EngineHost engineHost, ModelCatalogue catalogue, JobSubmission intake, DataFolders folders, CancellationToken cancellation)
    {
        RequestBody body = await RequestBody.ReadAsync(request, cancellation);
        var fields = new RequestFields(body.Fields);
        string? id = fields.Text("modelId") ?? fields.Text("model");
        string? type = fields.OneOf(Types, "type");
        if (id is null)
            fields.Refuse("modelId", "Missing required field: modelId");
        if (type is null)
            fields.Refuse("type", $"type is missing; allowed is one of: {string.Join(", ", Types)}");
        fields.ThrowIfRefused();
        if (catalogue.Find(id!) is not { } model)
            return ApiErrors.NotFound("Model not found");
        if (!model.IsThere || model.Remote is not null || model.Files.Count == 0)
            throw new BadRequestException($"Model {model.Id} has no file here that could be converted");
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation);
        if (!engine.CanConvert)
        {
            return ApiErrors.Json(
                StatusCodes.Status501NotImplemented, $"The engine of this server ({engine.Info.Provider}, {engine.Info.Version}) cannot convert models",
                "An engine that is built from source can; the README says how to build with one");
        }

        string output = $"{Path.GetFileNameWithoutExtension(model.MainFile)}-{type}.gguf";
        if (File.Exists(Path.Combine(folders.Models, output)))
            return ApiErrors.Conflict($"models/{output} already exists; move it away to convert again");
        var settings = new GenerationSettings
        {
            Type = JobType.Convert, Model = model.Id, Width = 0, Height = 0,
            Conversion = new Conversion(type!, output),
        };
        Job job = await intake.AddAsync(settings, intake.ReadOptions(request, body, fields), cancellation);
        return TypedResults.Ok(new QueuedResponse(job.Id, job.Status));
    }
}
