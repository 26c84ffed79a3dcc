using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.A1111;

/// <summary><c>POST /sdapi/v1/txt2img</c> and <c>img2img</c>: a job, and its pictures as base64 however long they take.</summary>
internal sealed class A1111GenerateApi(
    EngineHost engineHost, JobSubmission intake, JobWaiter wait, A1111Sessions callers, A1111OptionStore sdOptions, ClientModels models, ModelCatalogue catalogue,
    LoraFolder loras, ImageFiles images, IOptions<StudioOptions> options)
{
    // Secrets that SillyTavern sends along, and where it found the server.
    private static readonly string[] NotEchoed = ["auth", "url"];

    public Task<IResult> TextToImageAsync(HttpContext context) => DrawAsync(context, fromPicture: false);

    public Task<IResult> ImageToImageAsync(HttpContext context) => DrawAsync(context, fromPicture: true);

    private async Task<IResult> DrawAsync(HttpContext context, bool fromPicture)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        SdEngine engine = await engineHost.Ready.WaitAsync(context.RequestAborted);
        var asked = new A1111GenerationReader(body, options.Value.Limits);
        RequestBody translated = asked.Translate(engine, await sdOptions.LoadAsync(context.RequestAborted), models, catalogue, loras, fromPicture);
        using ImageBuffer? input = fromPicture ? asked.ReadInput() : null;
        using ImageBuffer? mask = fromPicture ? asked.ReadMask() : null;
        Job job = await intake.AcceptAsync(
            context.Request,
            new GenerateCommand(fromPicture ? JobType.Edit : JobType.Generate, translated, new RequestFields(translated.Fields), input, mask) { NeedsPrompt = false },
            context.RequestAborted);
        callers.Remember(context, job.Id, asked.TaskId);
        job = await wait.WithoutLimitAsync(job, WhenClientLeaves.CancelWaiting, context.RequestAborted);
        if (A1111Responses.Problem(job) is { } problem)
            return problem;
        IReadOnlyList<JobImage> drawn = job.Status == JobStatus.Completed ? await wait.ImagesOfAsync(job, context.RequestAborted) : [];
        return A1111Responses.Json(Answer(job, drawn, asked, body));
    }

    private JsonObject Answer(Job job, IReadOnlyList<JobImage> drawn, A1111GenerationReader asked, RequestBody body)
    {
        return new JsonObject
        {
            ["images"] = asked.SendImages ? A1111Responses.List(drawn.Select(image => (JsonNode)Convert.ToBase64String(images.Bytes(image.FilePath)))) : [],
            ["parameters"] = Echo(body),
            ["info"] = Info(job, drawn, asked.Notes).ToJsonString(ApiJson.Readable.Options),
        };
    }

    private static JsonObject Echo(RequestBody body)
    {
        bool withImages = new RequestFields(body.Fields).Flag("include_init_images") ?? false;
        var echo = new JsonObject();
        foreach ((string name, System.Text.Json.JsonElement value) in body.Fields.Where(field => !NotEchoed.Contains(field.Key)))
            echo[name] = name is "init_images" or "mask" && !withImages ? null : JsonNode.Parse(value.GetRawText());
        return echo;
    }

    private JsonObject Info(Job job, IReadOnlyList<JobImage> drawn, List<string> notes)
    {
        GenerationSettings s = job.Settings;
        // Clients read the first of each list even when the picture was interrupted.
        List<long> seeds = drawn.Count > 0 ? [.. drawn.Select(image => image.Seed)] : [s.Seed];
        string prompt = Infotext.PromptOf(s);
        ModelDefinition? model = catalogue.Find(s.Model);
        var info = new JsonObject
        {
            ["prompt"] = prompt,
            ["all_prompts"] = A1111Responses.List(seeds.Select(_ => (JsonNode)prompt)),
            ["negative_prompt"] = s.NegativePrompt ?? "",
            ["all_negative_prompts"] = A1111Responses.List(seeds.Select(_ => (JsonNode)(s.NegativePrompt ?? ""))),
            ["seed"] = seeds[0],
            ["all_seeds"] = A1111Responses.List(seeds.Select(seed => (JsonNode)seed)),
            ["subseed"] = -1,
            ["all_subseeds"] = A1111Responses.List(seeds.Select(_ => (JsonNode)(-1))),
            ["subseed_strength"] = 0,
            ["width"] = s.Width,
            ["height"] = s.Height,
            ["sampler_name"] = s.Sampler is null ? "" : SamplerNames.SamplerLabel(s.Sampler),
            ["scheduler"] = s.Scheduler is null ? "" : SamplerNames.SchedulerLabel(s.Scheduler),
            ["cfg_scale"] = s.CfgScale,
            ["steps"] = s.Steps,
            ["batch_size"] = s.Count,
            ["restore_faces"] = false,
            ["face_restoration_model"] = null,
            ["sd_model_name"] = model is null ? s.Model : models.TitleOf(model),
            ["sd_model_hash"] = s.ModelHash,
            ["sd_vae_name"] = null,
            ["sd_vae_hash"] = null,
            ["seed_resize_from_w"] = -1,
            ["seed_resize_from_h"] = -1,
            ["denoising_strength"] = s.Strength ?? s.Hires?.Strength,
            ["extra_generation_params"] = Extra(s),
            ["index_of_first_image"] = 0,
            ["infotexts"] = A1111Responses.List(seeds.Select(seed => (JsonNode)Infotext.Of(s, seed))),
            ["styles"] = new JsonArray(),
            ["job_timestamp"] = A1111Responses.Timestamp(job.CreatedAt),
            ["clip_skip"] = Math.Max(1, s.ClipSkip),
            ["is_using_inpainting_conditioning"] = false,
            ["version"] = s.Engine,
            ["interrupted"] = job.Status == JobStatus.Cancelled,
            ["notes"] = A1111Responses.List(notes.Select(note => (JsonNode)note)),
        };
        return info;
    }

    private static JsonObject Extra(GenerationSettings settings)
    {
        var extra = new JsonObject();
        if (settings.Scheduler is { } scheduler)
            extra["Schedule type"] = SamplerNames.SchedulerLabel(scheduler);
        if (settings.Hires is { } hires)
        {
            extra["Hires upscaler"] = hires.Upscaler;
            extra["Hires resize"] = string.Create(CultureInfo.InvariantCulture, $"{settings.Width}x{settings.Height}");
        }

        return extra;
    }
}
