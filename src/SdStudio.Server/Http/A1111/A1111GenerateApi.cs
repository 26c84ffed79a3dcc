using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary><c>POST /sdapi/v1/txt2img</c> and <c>img2img</c>: a job, and its images as base64 however long they take.</summary>
internal sealed class A1111GenerateApi(
    JobSubmission submission, JobWaiter waiter, IJobQueries queries, A1111OptionStore options, A1111Sessions sessions, A1111Context context, A1111GenerateAnswer answers)
{
    public Task<IResult> TextToImageAsync(HttpContext http) => GenerateAsync(http, fromImage: false);

    public Task<IResult> ImageToImageAsync(HttpContext http) => GenerateAsync(http, fromImage: true);

    private async Task<IResult> GenerateAsync(HttpContext http, bool fromImage)
    {
        RequestBody body = await RequestBody.ReadAsync(http.Request, http.RequestAborted);
        ParameterLimits now = await submission.Limits.ReadyAsync(http.RequestAborted);
        var reader = new A1111GenerationReader(body, context, await options.LoadAsync(http), now);
        RequestBody translated = reader.Translate(fromImage);
        using RequestInputs? inputs = await new A1111Images(body, submission.Images, reader).ReadAsync(fromImage, http.RequestAborted);
        var command = new GenerateCommand(fromImage ? JobType.Edit : JobType.Generate, translated, new RequestFields(translated.Fields), inputs) { NeedsPrompt = false };
        Job job = await submission.AcceptAsync(http.Request, command, now, http.RequestAborted);
        sessions.Remember(http, job.Id, reader.TaskId);
        job = await waiter.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, http.RequestAborted);
        if (A1111Responses.Problem(job) is { } problem)
            return problem;
        // An interrupted batch has those that were completed.
        IReadOnlyList<JobImage> images = await queries.ImagesAsync(job.Id, OwnerScope.All, http.RequestAborted);
        return A1111Responses.Json(await answers.OfAsync(job, images, reader, body, http.RequestAborted));
    }
}
