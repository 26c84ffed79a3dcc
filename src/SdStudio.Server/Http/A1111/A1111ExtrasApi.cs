using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary><c>/sdapi/v1/extra-single-image</c> and <c>extra-batch-images</c>.</summary>
internal sealed class A1111ExtrasApi(
    JobSubmission submission, JobWaiter waiter, IJobQueries queries, A1111Sessions sessions, JobQueue queue, A1111ExtrasReader reader)
{
    private const int MaxImages = 64;

    public async Task<IResult> SingleAsync(HttpContext context)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        byte[] bytes = body.File("image")
            ?? throw new BadRequestException([new FieldProblem("image", "Missing required field: image (a file, base64 or a data URL)")], detail: null);
        (IResult? problem, List<string> images, string info) = await UpscaleAsync(context, body, [bytes]);
        return problem ?? A1111Responses.Json(new JsonObject { ["html_info"] = info, ["image"] = images.FirstOrDefault() ?? "" });
    }

    public async Task<IResult> BatchAsync(HttpContext context)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        (IResult? problem, List<string> images, string info) = await UpscaleAsync(context, body, ReadList(body));
        return problem ?? A1111Responses.Json(new JsonObject { ["html_info"] = info, ["images"] = A1111Responses.List(images.Select(image => (JsonNode)image)) });
    }

    private async Task<(IResult? Problem, List<string> Images, string Info)> UpscaleAsync(HttpContext context, RequestBody body, List<byte[]> images)
    {
        List<Job> jobs = await SubmitAsync(context, body, images);
        List<string> results = [];
        foreach (Job job in jobs)
        {
            Job ended = await waiter.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, context.RequestAborted);
            if (A1111Responses.Problem(ended) is { } problem)
                return (problem, [], "");
            foreach (JobImage image in await queries.ImagesAsync(ended.Id, OwnerScope.All, context.RequestAborted))
                results.Add(Convert.ToBase64String(await reader.BytesAsync(image, context.RequestAborted)));
        }

        string name = HtmlEncoder.Default.Encode(jobs[0].Settings.Upscaler ?? "");
        string what = jobs.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" {jobs.Count} images");
        return (null, results, $"<div>Upscaled{what} with {name}</div>");
    }

    private async Task<List<Job>> SubmitAsync(HttpContext context, RequestBody body, List<byte[]> images)
    {
        ParameterLimits now = await submission.Limits.ReadyAsync(context.RequestAborted);
        List<Job> jobs = [];
        try
        {
            foreach (byte[] bytes in images)
            {
                using RequestInputs inputs = await submission.Images.EnterAsync([bytes], context.RequestAborted);
                using ImageBuffer image = submission.Images.Decode(bytes, "image");
                inputs.Image = reader.Shape(body, image, out RequestBody translated);
                var command = new GenerateCommand(JobType.Upscale, translated, new RequestFields(translated.Fields), inputs) { Part = jobs.Count };
                Job job = await submission.AcceptAsync(context.Request, command, now, context.RequestAborted);
                sessions.Remember(context, job.Id, taskId: null);
                jobs.Add(job);
            }

            return jobs;
        }
        catch
        {
            // The answer is one: what was queued of it is not wanted without the rest.
            foreach (Job job in jobs)
                await queue.CancelAsync(job.Id, OwnerScope.All, CancellationToken.None);
            throw;
        }
    }

    private static List<byte[]> ReadList(RequestBody body)
    {
        // npm's client calls them image_list and image.
        if (!(body.Fields.TryGetValue("imageList", out JsonElement list) || body.Fields.TryGetValue("image_list", out list))
            || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MaxImages)
        {
            throw new BadRequestException(
                [new FieldProblem("imageList", $"Missing required field: imageList, 1 to {MaxImages} of {{\"data\": base64, \"name\": text}}")], detail: null);
        }

        return [.. list.EnumerateArray().Select((item, index) =>
            item.ValueKind == JsonValueKind.Object && (item.TryGetProperty("data", out JsonElement data) || item.TryGetProperty("image", out data))
                && RequestFields.TextOf(data) is { } text
                ? EncodedImage.Decode(text, $"imageList[{index}]")
                : throw new BadRequestException([new FieldProblem("imageList", $"imageList[{index}] has no text in data")], detail: null))];
    }
}
