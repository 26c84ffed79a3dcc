using System.Globalization;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary>The answer of <c>txt2img</c> and <c>img2img</c>, with everything that clients read.</summary>
internal sealed class A1111GenerateAnswer(ClientModels models, ModelCatalogue catalogue, ImageFiles images, RequestImages inputs)
{
    // Secrets that SillyTavern sends along, and where it found the server.
    private static readonly string[] NotEchoed = ["auth", "url"];

    public async Task<JsonObject> OfAsync(Job job, IReadOnlyList<JobImage> generated, A1111GenerationReader reader, RequestBody body, CancellationToken cancellation)
    {
        List<JsonNode> sent = [];
        foreach (JobImage image in reader.SendImages ? generated : [])
            sent.Add(Convert.ToBase64String(await images.BytesAsync(image.FilePath, cancellation)));
        if (reader is { SendImages: true, IsMapWanted: true } && generated.Count > 0 && job.Settings.Control is { } control)
            await AddDetectedAsync(sent, job.Settings, control, cancellation);
        return new JsonObject
        {
            ["images"] = A1111Responses.List(sent),
            ["parameters"] = Echo(body),
            ["info"] = Info(job, generated, reader.Notes).ToJsonString(ApiJson.Readable.Options),
        };
    }

    // What the net saw in the first pass, of the part that was generated.
    private async Task AddDetectedAsync(List<JsonNode> sent, GenerationSettings settings, ControlSetting control, CancellationToken cancellation)
    {
        using RequestInputs? read = await ReadAsync(settings, cancellation);
        if (read is null)
            return;
        var size = new ImageSize(settings.Hires?.Width ?? settings.Width, settings.Hires?.Height ?? settings.Height);
        using InpaintCanvas? canvas = settings.Inpaint is { } inpaint && read.Image is { } image ? InpaintCanvas.Of(image, read.Mask, inpaint, size) : null;
        using ImageBuffer? part = canvas?.SamePartOf(read.Control!);
        using ImageBuffer sized = ImageDecoder.Cover(part ?? read.Control!, size.Width, size.Height);
        using ImageBuffer seen = ControlImages.Preprocessed(sized, control);
        sent.Add(Convert.ToBase64String(ImageFiles.Encoded(seen, ImageFormats.Png, quality: 0)));
    }

    private async Task<RequestInputs?> ReadAsync(GenerationSettings settings, CancellationToken cancellation)
    {
        try
        {
            return await inputs.ReadAsync(settings, cancellation);
        }
        catch (FileNotFoundException)
        {
            // Somebody has deleted the job a moment ago; its images are read already.
            return null;
        }
    }

    private static JsonObject Echo(RequestBody body)
    {
        bool withImages = new RequestFields(body.Fields).Flag("include_init_images") ?? false;
        var echo = new JsonObject();
        foreach ((string name, System.Text.Json.JsonElement value) in body.Fields.Where(field => !NotEchoed.Contains(field.Key)))
            echo[name] = name is "init_images" or "mask" or "ref_images" or "extra_images" && !withImages ? null : JsonNode.Parse(value.GetRawText());
        return echo;
    }

    private JsonObject Info(Job job, IReadOnlyList<JobImage> generated, List<string> notes)
    {
        GenerationSettings s = job.Settings;
        // Clients read the first of each list even when the job was interrupted.
        List<long> seeds = generated.Count > 0 ? [.. generated.Select(image => image.Seed)] : [s.Seed];
        List<GenerationSettings> each = generated.Count > 0 ? [.. generated.Select(image => image.SettingsOf(job))] : [s];
        string prompt = Infotext.PromptOf(each[0]);
        ModelDefinition? model = catalogue.FindAnywhere(s.Model);
        var info = new JsonObject
        {
            ["prompt"] = prompt,
            ["all_prompts"] = A1111Responses.List(each.Select(one => (JsonNode)Infotext.PromptOf(one))),
            ["negative_prompt"] = each[0].NegativePrompt ?? "",
            ["all_negative_prompts"] = A1111Responses.List(each.Select(one => (JsonNode)(one.NegativePrompt ?? ""))),
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
            ["sd_vae_name"] = s.Vae,
            ["sd_vae_hash"] = null,
            ["seed_resize_from_w"] = -1,
            ["seed_resize_from_h"] = -1,
            ["denoising_strength"] = s.Strength ?? s.Hires?.Strength,
            ["extra_generation_params"] = Extra(s),
            ["index_of_first_image"] = 0,
            ["infotexts"] = A1111Responses.List(each.Select(one => (JsonNode)Infotext.Of(one, one.Seed))),
            ["styles"] = new JsonArray(),
            ["job_timestamp"] = A1111Responses.Timestamp(job.CreatedAt),
            ["clip_skip"] = Math.Max(1, s.ClipSkip),
            ["is_using_inpainting_conditioning"] = false,
            ["version"] = s.Engine,
            ["interrupted"] = job.Status == JobStatus.Cancelled,
            ["notes"] = A1111Responses.List(notes.Concat(s.Notes ?? []).Select(note => (JsonNode)note)),
        };
        if (s.OutsideMaskChanged is { } changed)
            info["outside_mask_changed"] = changed;
        return info;
    }

    private static JsonObject Extra(GenerationSettings settings)
    {
        var extra = new JsonObject();
        if (settings.Scheduler is { } scheduler)
            extra["Schedule type"] = SamplerNames.SchedulerLabel(scheduler);
        foreach (Parameter parameter in Parameters.OfMask)
        {
            if (parameter.Get!(settings) is { } value)
                extra[parameter.Label!] = parameter.ValueLabel?.Invoke(Parameter.Write(value)) ?? Parameter.Write(value);
        }

        if (settings.Control is { } control)
            extra["ControlNet 0"] = control.ToString();
        if (settings.Identity is { } identity)
            extra["Identity"] = identity.ToString();
        if (settings.Hires is { } hires)
        {
            extra["Hires upscaler"] = hires.Upscaler;
            if (hires.Model is not null)
                extra["Hires checkpoint"] = hires.Model;
            extra["Hires resize"] = string.Create(CultureInfo.InvariantCulture, $"{settings.Width}x{settings.Height}");
        }

        return extra;
    }
}
