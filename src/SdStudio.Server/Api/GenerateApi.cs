using System.Text.Json;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Jobs;
using SdStudio.Server.Models;
using SdStudio.Server.Storage;

namespace SdStudio.Server.Api;

/// <summary><c>POST /api/generate</c>: a job, and its pictures when it has ended in time.</summary>
internal static class GenerateApi
{
    public static void MapGenerateApi(this IEndpointRouteBuilder api) => api.MapPost("/generate", GenerateAsync);

    private static async Task<IResult> GenerateAsync(
        HttpRequest request, EngineHost engineHost, ModelCatalogue catalogue, JobQueue queue, JobStore store, IOptions<StudioOptions> options,
        TimeProvider time, IHostApplicationLifetime lifetime)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(request.HttpContext.RequestAborted, lifetime.ApplicationStopping);
        Dictionary<string, JsonElement> body = await ReadBodyAsync(request);
        SdEngine engine = await engineHost.Ready.WaitAsync(leave.Token);
        JobSettings settings = GenerateRequest.Read(body, catalogue, engine, options.Value.Limits);
        (Job job, Task<Job> finished) = queue.Enqueue(settings);
        try
        {
            // The job goes on when the client leaves: its picture is in the list of generations.
            job = await finished.WaitAsync(TimeSpan.FromSeconds(options.Value.SynchronousWaitSeconds), time, leave.Token);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // Too slow, or the server stops and draws it after its next start.
            return Accepted(store.Find(job.Id) ?? job);
        }

        return job.Status == JobStatus.Completed ? Drawn(job, store) : Failed(job);
    }

    private static IResult Drawn(Job job, JobStore store) => Results.Json(
        new GenerateAnswer(
            job.Id, job.CreatedAt / 1000,
            [.. store.ImagesOf(job.Id).Select(image => new GenerateAnswerImage(image.Id, image.Index, RevisedPrompt: null))]),
        ApiJson.Readable.GenerateAnswer);

    private static IResult Accepted(Job job) => Results.Json(
        new AcceptedAnswer(job.Id, job.Id, job.Status), ApiJson.Readable.AcceptedAnswer, statusCode: StatusCodes.Status202Accepted);

    // What the engine refuses is the request's fault; everything else that ends a job is not.
    private static IResult Failed(Job job) => ApiErrors.Json(
        job.ErrorCode == nameof(SdError.InvalidArgument) ? StatusCodes.Status400BadRequest : StatusCodes.Status500InternalServerError,
        job.Error ?? "The job failed");

    private static async Task<Dictionary<string, JsonElement>> ReadBodyAsync(HttpRequest request)
    {
        // Only this type makes a browser ask before a foreign page may post here.
        if (!request.HasJsonContentType())
        {
            throw new BadRequestException(
                "Send JSON with the header Content-Type: application/json", statusCode: StatusCodes.Status415UnsupportedMediaType);
        }

        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, default, request.HttpContext.RequestAborted);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Deserialize(ApiJson.Readable.DictionaryStringJsonElement)!
                : throw new BadRequestException("The body must be a JSON object, e.g. {\"model\": \"demo\", \"prompt\": \"a red circle\"}");
        }
        catch (JsonException exception)
        {
            throw new BadRequestException(
                $"The body is not valid JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})");
        }
    }
}
