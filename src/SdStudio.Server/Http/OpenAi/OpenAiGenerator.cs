using System.Text;
using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>Generates for OpenAI's clients: a job, and its images as JSON or as a stream of events.</summary>
internal sealed class OpenAiGenerator(
    JobSubmission submission, JobWaiter waiter, IJobQueries queries, ClientModels models, ImageFiles images, OpenAiStream stream)
{
    public async Task<IResult> GenerateAsync(HttpContext context, string type)
    {
        CancellationToken left = context.RequestAborted;
        RequestBody body = await RequestBody.ReadAsync(context.Request, left);
        ParameterLimits now = await submission.Limits.ReadyAsync(left);
        bool fromImage = type != JobType.Generate;
        var asked = new OpenAiRequest(body, now, models, fromImage);
        var fields = new RequestFields(asked.Body.Fields);
        using RequestInputs? inputs = await submission.Images.ReadAsync(type, asked.Body, fields, ApiKeys.ScopeOf(context), left);
        Job job = await submission.AcceptAsync(context.Request, new GenerateCommand(type, asked.Body, fields, inputs) { Notes = asked.Notes }, now, left);
        if (asked.Stream)
            return SseWriter.Answer(context.Response, events => stream.WriteAsync(events, job, asked, left));
        job = await waiter.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, left);
        if (JobProblem.OfEnded(job) is not { } error)
            return A1111Responses.Json(await AnswerAsync(job, await queries.ImagesAsync(job.Id, OwnerScope.All, left), asked, context.Request));
        // The SDKs send again what failed; it would fail again.
        context.Response.Headers["x-should-retry"] = "false";
        return Results.Text(OpenAiErrors.Body(error).ToJsonString(ApiJson.Readable.Options), "application/json", Encoding.UTF8, error.Status);
    }

    private async Task<JsonObject> AnswerAsync(Job job, IReadOnlyList<JobImage> generated, OpenAiRequest asked, HttpRequest request)
    {
        List<JsonObject> data = [];
        foreach (JobImage image in generated)
        {
            data.Add(asked.AsUrl
                ? new JsonObject { ["url"] = UrlOf(image, asked, request) }
                : new JsonObject { ["b64_json"] = Convert.ToBase64String(await images.EncodedAsync(image.FilePath, new ImageEncoding(asked.Format, asked.Compression), request.HttpContext.RequestAborted)) });
        }

        JsonObject answer = OpenAiImages.Common(job, asked);
        answer["created"] = (job.CompletedAt ?? job.CreatedAt) / 1000;
        answer["data"] = A1111Responses.List(data);
        answer["usage"] = OpenAiImages.Usage();
        if (job.Settings.OutsideMaskChanged is { } changed)
            answer["outside_mask_changed"] = changed;
        if (job.Settings.Notes is { } notes)
            answer["notes"] = A1111Responses.List(notes.Select(note => (JsonNode)note));
        return answer;
    }

    // Clients fetch it from elsewhere: it is absolute.
    private static string UrlOf(JobImage image, OpenAiRequest asked, HttpRequest request)
    {
        string format = asked.Format == ImageFormats.Png ? "" : $"?format={asked.Format}&quality={asked.Compression}";
        return $"{request.Scheme}://{request.Host}{request.PathBase}/api/images/{image.Id}{format}";
    }
}
