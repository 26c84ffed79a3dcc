using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.A1111;

/// <summary><c>/sdapi/v1/extra-single-image</c>, <c>extra-batch-images</c> and <c>png-info</c>.</summary>
internal sealed class A1111ExtrasApi(
    JobSubmission intake, JobWaiter wait, A1111Sessions callers, JobQueue queue, ModelCatalogue catalogue, ImageFiles images, IOptions<StudioOptions> options)
{
    private const int MaxPictures = 64;

    // Automatic1111's for resizing only; here resizing is what Lanczos does.
    private const string None = "None";
    private const string Resampler = "Lanczos";

    public async Task<IResult> SingleAsync(HttpContext context)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (!body.Files.TryGetValue("image", out byte[]? bytes))
            throw new BadRequestException([new FieldProblem("image", "Missing required field: image (a file, base64 or a data URL)")], detail: null);
        (IResult? problem, List<string> pictures, string info) = await EnlargeAsync(context, body, [bytes]);
        return problem ?? A1111Responses.Json(new JsonObject { ["html_info"] = info, ["image"] = pictures.FirstOrDefault() ?? "" });
    }

    public async Task<IResult> BatchAsync(HttpContext context)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        (IResult? problem, List<string> pictures, string info) = await EnlargeAsync(context, body, ReadList(body));
        return problem ?? A1111Responses.Json(new JsonObject { ["html_info"] = info, ["images"] = A1111Responses.List(pictures.Select(picture => (JsonNode)picture)) });
    }

    public static async Task<IResult> PngInfoAsync(HttpContext context)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (!body.Files.TryGetValue("image", out byte[]? bytes))
            throw new BadRequestException([new FieldProblem("image", "Missing required field: image (base64 or a data URL)")], detail: null);
        IReadOnlyDictionary<string, string> texts = ImageDecoder.Texts(bytes, "image");
        string infotext = texts.GetValueOrDefault("parameters", "");
        return A1111Responses.Json(new JsonObject
        {
            ["info"] = infotext,
            ["items"] = new JsonObject(texts.Select(text => KeyValuePair.Create(text.Key, (JsonNode?)text.Value))),
            ["parameters"] = new JsonObject(
                infotext.Length == 0 ? [] : Infotext.Parse(infotext).Select(setting => KeyValuePair.Create(setting.Key, (JsonNode?)setting.Value))),
        });
    }

    private async Task<(IResult? Problem, List<string> Pictures, string Info)> EnlargeAsync(HttpContext context, RequestBody body, List<byte[]> inputs)
    {
        var translated = new RequestBody(Translate(body), new Dictionary<string, byte[]>());
        List<Job> jobs = [];
        try
        {
            foreach (byte[] bytes in inputs)
            {
                using ImageBuffer input = ImageDecoder.Read(bytes, "image", options.Value.Limits.MaxInputPixels);
                var fields = new RequestFields(translated.Fields);
                Job job = await intake.AcceptAsync(context.Request, new GenerateCommand(JobType.Upscale, translated, fields, input), context.RequestAborted);
                callers.Remember(context, job.Id, taskId: null);
                jobs.Add(job);
            }
        }
        catch
        {
            // The answer is one: what was queued of it is not wanted without the rest.
            foreach (Job job in jobs)
                await queue.CancelAsync(job.Id, OwnerScope.All, CancellationToken.None);
            throw;
        }

        List<string> pictures = [];
        foreach (Job job in jobs)
        {
            Job ended = await wait.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, context.RequestAborted);
            if (A1111Responses.Problem(ended) is { } problem)
                return (problem, [], "");
            pictures.AddRange((await wait.ImagesOfAsync(ended, context.RequestAborted)).Select(image => Convert.ToBase64String(images.Bytes(image.FilePath))));
        }

        string name = HtmlEncoder.Default.Encode(jobs[0].Settings.Upscaler ?? "");
        string what = jobs.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" {jobs.Count} images");
        return (null, pictures, $"<div>Upscaled{what} with {name}</div>");
    }

    // The fields of the document and Automatic1111, and those of the original studio's form.
    private Dictionary<string, JsonElement> Translate(RequestBody body)
    {
        var asked = new RequestFields(body.Fields);
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        void Put(string name, params ReadOnlySpan<string> from)
        {
            foreach (string candidate in from)
            {
                if (!fields.ContainsKey(name) && body.Fields.TryGetValue(candidate, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
                    fields[name] = value;
            }
        }

        Put("resize_mode", "resize_mode");
        Put("upscale_factor", "upscaling_resize", "upscale_factor");
        Put("target_width", "upscaling_resize_w", "target_width");
        Put("target_height", "upscaling_resize_h", "target_height");
        Put("priority", "priority");
        string? upscaler = asked.Text("upscaler_1") ?? asked.Text("upscaler");
        asked.ThrowIfRefused();
        if (upscaler is not null)
        {
            string name = upscaler == None ? Resampler : catalogue.FindUpscaler(upscaler)?.Name ?? upscaler;
            fields["upscaler"] = JsonSerializer.SerializeToElement(name, ApiJson.Readable.String);
        }

        return fields;
    }

    private static List<byte[]> ReadList(RequestBody body)
    {
        // npm's client calls them image_list and image.
        if (!(body.Fields.TryGetValue("imageList", out JsonElement list) || body.Fields.TryGetValue("image_list", out list))
            || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MaxPictures)
        {
            throw new BadRequestException(
                [new FieldProblem("imageList", $"Missing required field: imageList, 1 to {MaxPictures} of {{\"data\": base64, \"name\": text}}")], detail: null);
        }

        return [.. list.EnumerateArray().Select((item, index) =>
            item.ValueKind == JsonValueKind.Object && (item.TryGetProperty("data", out JsonElement data) || item.TryGetProperty("image", out data))
                && RequestFields.TextOf(data) is { } text
                ? RequestBody.Decode(text, $"imageList[{index}]")
                : throw new BadRequestException([new FieldProblem("imageList", $"imageList[{index}] has no text in data")], detail: null))];
    }
}
