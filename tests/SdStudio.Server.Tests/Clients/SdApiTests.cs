using System.Net;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests.Clients;

/// <summary>Automatic1111's API as its clients use it.</summary>
public sealed class SdApiTests(Workshop studio)
{
    private static readonly (int, int, int) Red = (219, 26, 31);
    private static readonly (int, int, int) Green = (26, 158, 56);
    private static readonly (int, int, int) Blue = (31, 71, 219);

    private async Task<JsonElement> PostAsync(string path, string json, HttpStatusCode expected = HttpStatusCode.OK)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, StudioServer.Json(json));
        Assert.True(status == expected, $"{status}: {body}");
        return body;
    }

    private static PngFile First(JsonElement body) => new(body.GetProperty("images")[0].GetBytesFromBase64());

    private static JsonElement InfoOf(JsonElement body)
    {
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        return info.RootElement.Clone();
    }

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(item => item.ToString())];

    private async Task<string> RedCircleAsync(int side = 64) => (await PostAsync(
        "/sdapi/v1/txt2img", $$"""{"prompt":"a red circle on a blue background","seed":1,"width":{{side}},"height":{{side}},"steps":8}""")).GetProperty("images")[0].GetString()!;

    [Fact]
    public async Task Txt2img_generates_what_was_asked_and_tells_everything_that_clients_read()
    {
        JsonElement body = await PostAsync(
            "/sdapi/v1/txt2img",
            """
            {"prompt":"a red circle on a blue background","negative_prompt":"","seed":5,"width":64,"height":64,"steps":8,"cfg_scale":"1","n_iter":2,"batch_size":1,
             "sampler_name":"Euler","scheduler":"Automatic","auth":"user:secret","url":"http://somewhere","restore_faces":false,"enable_hr":false,"styles":null,
             "override_settings":{"CLIP_stop_at_last_layers":1},"alwayson_scripts":{},"script_args":[],"mask":null,"seed_resize_from_h":-1,"nobody_knows_this":1}
            """);

        PngFile image = First(body);
        image.ShowsAt(.5, .5, Red);
        image.ShowsAt(.06, .06, Blue);
        Assert.Equal(2, body.GetProperty("images").GetArrayLength());
        JsonElement parameters = body.GetProperty("parameters");
        Assert.Equal("1", parameters.GetProperty("cfg_scale").GetString());
        Assert.False(parameters.TryGetProperty("auth", out _));
        JsonElement info = InfoOf(body);
        Assert.Equal(["5", "6"], Texts(info.GetProperty("all_seeds")));
        Assert.Equal(64, info.GetProperty("width").GetInt32());
        Assert.Equal("Euler", info.GetProperty("sampler_name").GetString());
        Assert.Equal("Demo", info.GetProperty("sd_model_name").GetString());
        Assert.Equal(image.Infotext().Text, info.GetProperty("infotexts")[0].GetString());
        Assert.Contains("Seed: 6,", info.GetProperty("infotexts")[1].GetString(), StringComparison.Ordinal);
        Assert.Empty(Texts(info.GetProperty("notes")));
        Shape.Has(
            info, ("prompt", Shape.Text), ("all_prompts", Shape.List), ("all_negative_prompts", Shape.List), ("subseed", Shape.Number),
            ("all_subseeds", Shape.List), ("cfg_scale", Shape.Number), ("steps", Shape.Number), ("batch_size", Shape.Number), ("sd_model_hash", Shape.Text),
            ("extra_generation_params", Shape.Object), ("index_of_first_image", Shape.Number), ("styles", Shape.List), ("job_timestamp", Shape.Text),
            ("clip_skip", Shape.Number), ("version", Shape.Text));
    }

    [Theory]
    [InlineData("\"sampler_name\":\"DPM++ 2M Karras\"", "DPM++ 2M", "Karras")]
    [InlineData("\"sampler_name\":\"DPM++ 2M\",\"scheduler\":\"karras\"", "DPM++ 2M", "Karras")]
    [InlineData("\"sampler_name\":\"k_dpmpp_2m\",\"scheduler\":\"SGM Uniform\"", "DPM++ 2M", "SGM Uniform")]
    [InlineData("\"sampler_name\":\"dpmpp_2m_sde\",\"scheduler\":\"normal\"", "DPM++ 2M SDE", "Normal")]
    [InlineData("\"sampler_name\":\"DPM++ 2M SDE Exponential\"", "DPM++ 2M SDE", "Exponential")]
    [InlineData("\"sampler_name\":\"Euler a\"", "Euler a", null)]
    [InlineData("\"sampler_name\":\"Euler Ancestral\"", "Euler a", null)]
    [InlineData("\"sampler_name\":\"k_euler_a\"", "Euler a", null)]
    [InlineData("\"sampler_index\":\"DDIM\"", "DDIM", null)]
    [InlineData("\"sampler_name\":\"euler_a\",\"sampler_index\":\"Heun\"", "Euler a", null)]
    [InlineData("\"sampler_name\":null,\"sampler_index\":null,\"scheduler\":null", "Euler", null)]
    [InlineData("\"sampler_name\":\"N/A\",\"scheduler\":\"N/A\"", "Euler", null)]
    [InlineData("\"sampler_name\":\"\",\"scheduler\":\"\"", "Euler", null)]
    public async Task Samplers_have_many_names(string fields, string sampler, string? scheduler)
    {
        JsonElement info = InfoOf(await PostAsync("/sdapi/v1/txt2img", $$"""{"prompt":"a circle","width":16,"height":16,"steps":2,{{fields}}}"""));

        Assert.Equal(sampler, info.GetProperty("sampler_name").GetString());
        if (scheduler is not null)
            Assert.Equal(scheduler, info.GetProperty("scheduler").GetString());
        Assert.Empty(Texts(info.GetProperty("notes")));
    }

    [Fact]
    public async Task What_cannot_be_done_is_left_out_and_said()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxSteps=3", "--SdStudio:Limits:MaxImages=2");
        foreach ((string fields, string note) in new[]
        {
            ("\"sampler_name\":\"PLMS\"", "PLMS"), ("\"scheduler\":\"polyexponential\"", "polyexponential"),
            ("\"subseed\":3,\"subseed_strength\":0.5", "subseed_strength"), ("\"restore_faces\":true", "restore_faces"),
            ("\"alwayson_scripts\":{\"Rembg\":{\"args\":[]}}", "alwayson_scripts"), ("\"steps\":100000", "steps is 100000"), ("\"steps\":0", "steps is 0"),
            ("\"cfg_scale\":-3", "cfg_scale is -3"), ("\"batch_size\":8,\"n_iter\":8", "batch_size x n_iter is 64"),
            ("\"prompt\":\"a <lora:nobody:0.5> circle\"", "nobody"),
        })
        {
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(
                HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json($$"""{"prompt":"a circle","width":16,"height":16,{{fields}}}"""));

            Assert.True(status == HttpStatusCode.OK, body.ToString());
            Assert.Contains(note, Assert.Single(Texts(InfoOf(body).GetProperty("notes"))), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Sizes_become_those_that_can_be_generated()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxSide=512");
        foreach ((string fields, int width, int height) in new[]
        {
            (",\"width\":4096,\"height\":2048", 512, 256), (",\"width\":3,\"height\":40", 8, 40), ("", 64, 64), (",\"width\":-1,\"height\":0", 64, 64),
        })
        {
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(
                HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json($$"""{"prompt":"a circle","steps":1{{fields}}}"""));

            Assert.True(status == HttpStatusCode.OK, body.ToString());
            PngFile image = First(body);
            Assert.Equal((width, height), (image.Width, image.Height));
        }
    }

    [Theory]
    [InlineData("\"hr_scale\":2", 128, 64, "Lanczos")]
    [InlineData("\"hr_resize_x\":96", 96, 48, "Lanczos")]
    [InlineData("\"hr_resize_x\":80,\"hr_resize_y\":80,\"hr_upscaler\":\"Demo 4x\",\"hr_second_pass_steps\":4", 80, 80, "Demo 4x")]
    public async Task The_hires_fix_generates_a_larger_image_over_the_smaller(string fields, int width, int height, string upscaler)
    {
        JsonElement body = await PostAsync(
            "/sdapi/v1/txt2img",
            $$"""{"prompt":"a red circle on a blue background","seed":5,"width":64,"height":32,"steps":8,"enable_hr":true,"denoising_strength":0.4,{{fields}}}""");

        PngFile image = First(body);
        Assert.Equal((width, height), (image.Width, image.Height));
        image.ShowsAt(.5, .5, Red);
        string infotext = InfoOf(body).GetProperty("infotexts")[0].GetString()!;
        Assert.Contains($"Size: 64x32, Denoising strength: 0.4, Hires resize: {width}x{height}", infotext, StringComparison.Ordinal);
        Assert.Contains($"Hires upscaler: {upscaler}", infotext, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Img2img_begins_from_an_image_and_generates_only_where_the_mask_is_white()
    {
        string start = await RedCircleAsync(128);
        using Image black = Image.Black(128, 128);
        using Image mask = black.Mutate(image => image.DrawRect([255], 64, 0, 64, 128, fill: true));
        string encoded = Convert.ToBase64String(mask.PngsaveBuffer());

        async Task<PngFile> GenerateImagesAsync(string more) => First(await PostAsync(
            "/sdapi/v1/img2img",
            $$"""{"init_images":["data:image/png;base64,{{start}}"],"prompt":"a green circle on a blue background","denoising_strength":1,"steps":8,"seed":3,{{more}}}"""));

        PngFile everywhere = await GenerateImagesAsync("\"width\":128,\"height\":128");
        everywhere.ShowsAt(.35, .5, Green);
        PngFile right = await GenerateImagesAsync($"\"mask\":\"{encoded}\",\"mask_blur\":0,\"inpainting_mask_invert\":false");
        right.ShowsAt(.35, .5, Red);
        right.ShowsAt(.65, .5, Green);
        PngFile left = await GenerateImagesAsync($"\"mask\":\"data:image/png;base64,{encoded}\",\"mask_blur\":0,\"inpainting_mask_invert\":1");
        left.ShowsAt(.35, .5, Green);
        left.ShowsAt(.65, .5, Red);
    }

    [Fact]
    public async Task Img2img_echoes_its_images_only_on_request()
    {
        string start = await RedCircleAsync();

        JsonElement without = await PostAsync("/sdapi/v1/img2img", $$"""{"init_images":["{{start}}"],"prompt":"","steps":4,"width":32,"height":64,"send_images":false}""");
        JsonElement with = await PostAsync("/sdapi/v1/img2img", $$"""{"init_images":["{{start}}"],"prompt":"","steps":4,"include_init_images":true}""");

        Assert.Equal(0, without.GetProperty("images").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, without.GetProperty("parameters").GetProperty("init_images").ValueKind);
        Assert.Equal(32, InfoOf(without).GetProperty("width").GetInt32());
        Assert.Equal(start, with.GetProperty("parameters").GetProperty("init_images")[0].GetString());
        Assert.Equal(64, First(with).Width);
    }

    [Theory]
    [InlineData("/sdapi/v1/txt2img", """{"prompt":"x","steps":"many","width":"wide"}""", 422)]
    [InlineData("/sdapi/v1/txt2img", """{"prompt":["x"]}""", 422)]
    [InlineData("/sdapi/v1/txt2img", """{"prompt":"\ud800"}""", 422)]
    [InlineData("/sdapi/v1/txt2img", """{"prompt":"x","steps":1,"width":16,"height":16,"somebodys_own":[{"a":"\ud800"}]}""", 422)]
    [InlineData("/sdapi/v1/options", """{"somebodys_own":{"a":["\ud800"]}}""", 422)]
    [InlineData("/sdapi/v1/txt2img", """{"prompt":"x","model":"nobody"}""", 400)]
    [InlineData("/sdapi/v1/txt2img", "[]", 400)]
    [InlineData("/sdapi/v1/txt2img", "{", 400)]
    [InlineData("/sdapi/v1/img2img", """{"prompt":"x"}""", 404)]
    [InlineData("/sdapi/v1/img2img", """{"init_images":[]}""", 404)]
    [InlineData("/sdapi/v1/img2img", """{"init_images":["???"]}""", 422)]
    [InlineData("/sdapi/v1/img2img", """{"init_images":["http://169.254.169.254/x.png"]}""", 400)]
    [InlineData("/sdapi/v1/img2img", """{"init_images":["\ud800"]}""", 422)]
    [InlineData("/sdapi/v1/img2img", """{"init_images":["eA=="]}""", 400)]
    [InlineData("/sdapi/v1/extra-single-image", "{}", 422)]
    [InlineData("/sdapi/v1/extra-single-image", """{"image":"eA=="}""", 400)]
    [InlineData("/sdapi/v1/extra-batch-images", """{"imageList":[]}""", 422)]
    [InlineData("/sdapi/v1/extra-batch-images", """{"imageList":[{"name":"x"}]}""", 422)]
    [InlineData("/sdapi/v1/options", """{"sd_model_checkpoint":"nobody"}""", 400)]
    [InlineData("/sdapi/v1/png-info", """{"image":"eA=="}""", 400)]
    [InlineData("/sdapi/v1/nothing", "{}", 404)]
    public async Task Errors_have_both_shapes(string path, string json, int expected)
    {
        JsonElement body = await PostAsync(path, json, (HttpStatusCode)expected);

        Assert.False(string.IsNullOrEmpty(body.GetProperty("error").GetString()));
        JsonElement detail = body.GetProperty("detail");
        if (expected == 422)
        {
            Assert.Equal("body", detail[0].GetProperty("loc")[0].GetString());
            Assert.StartsWith(detail[0].GetProperty("loc")[1].GetString()!, detail[0].GetProperty("msg").GetString()!.Replace("Missing required field: ", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.Equal("value_error", detail[0].GetProperty("type").GetString());
        }
        else
        {
            Assert.Equal(JsonValueKind.String, detail.ValueKind);
        }
    }

    [Fact]
    public async Task Extras_upscale_one_image_or_many_by_every_name_that_clients_have()
    {
        string start = await RedCircleAsync();

        JsonElement none = await PostAsync("/sdapi/v1/extra-single-image", $$"""{"image":"data:image/png;base64,{{start}}","upscaler_1":"None","upscaling_resize":1.5}""");
        JsonElement many = await PostAsync(
            "/sdapi/v1/extra-batch-images",
            $$"""{"imageList":[{"data":"{{start}}","name":"a.png"},{"data":"{{start}}","name":"b.png"}],"upscaler_1":"Demo 4x","resize_mode":1,"upscaling_resize_w":100,"upscaling_resize_h":80}""");
        JsonElement npm = await PostAsync("/sdapi/v1/extra-batch-images", $$"""{"image_list":[{"image":"{{start}}","name":"a.png"}],"upscaler_1":"Nearest"}""");
        using MultipartFormDataContent form = StudioServer.Form(Convert.FromBase64String(start), ("upscaler", "Lanczos"), ("upscale_factor", "2"));
        (HttpStatusCode status, JsonElement sent) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/extra-single-image", form);

        Assert.Equal(96, new PngFile(none.GetProperty("image").GetBytesFromBase64()).Width);
        Assert.Equal("<div>Upscaled with Lanczos</div>", none.GetProperty("html_info").GetString());
        Assert.All(many.GetProperty("images").EnumerateArray(), image => Assert.Equal(80, new PngFile(image.GetBytesFromBase64()).Height));
        Assert.Equal("<div>Upscaled 2 images with Demo 4x</div>", many.GetProperty("html_info").GetString());
        var nearest = new PngFile(Assert.Single(npm.GetProperty("images").EnumerateArray()).GetBytesFromBase64());
        Assert.Equal(128, nearest.Width);
        Assert.All(Enumerable.Range(0, 64), x => Assert.Equal(nearest.At((2 * x) / 128.0, .5), nearest.At(((2 * x) + 1) / 128.0, .5)));
        Assert.True(status == HttpStatusCode.OK, sent.ToString());
        Assert.Equal(128, new PngFile(sent.GetProperty("image").GetBytesFromBase64()).Width);
    }

    [Fact]
    public async Task Png_info_reads_the_settings_of_an_image()
    {
        string start = await RedCircleAsync();

        JsonElement own = await PostAsync("/sdapi/v1/png-info", $$"""{"image":"{{start}}"}""");
        JsonElement foreign = await PostAsync("/sdapi/v1/png-info", $$"""{"image":"{{Convert.ToBase64String(SampleImages.Good("png"))}}"}""");

        Assert.StartsWith("a red circle on a blue background\nSteps: 8, Sampler: Euler, ", own.GetProperty("info").GetString(), StringComparison.Ordinal);
        Assert.Equal("a red circle on a blue background", own.GetProperty("parameters").GetProperty("Prompt").GetString());
        Assert.Equal("1", own.GetProperty("parameters").GetProperty("Seed").GetString());
        Assert.Equal("64x64", own.GetProperty("parameters").GetProperty("Size").GetString());
        Assert.True(own.GetProperty("items").TryGetProperty("parameters", out _));
        Assert.Equal("", foreign.GetProperty("info").GetString());
    }

    [Fact]
    public async Task Every_list_that_clients_ask_for_is_there()
    {
        foreach ((string path, JsonValueKind kind) in new (string, JsonValueKind)[]
        {
            ("samplers", JsonValueKind.Array), ("schedulers", JsonValueKind.Array), ("upscalers", JsonValueKind.Array), ("latent-upscale-modes", JsonValueKind.Array),
            ("sd-models", JsonValueKind.Array), ("sd-vae", JsonValueKind.Array), ("sd-modules", JsonValueKind.Array), ("loras", JsonValueKind.Array),
            ("embeddings", JsonValueKind.Object), ("hypernetworks", JsonValueKind.Array), ("face-restorers", JsonValueKind.Array),
            ("realesrgan-models", JsonValueKind.Array), ("prompt-styles", JsonValueKind.Array), ("scripts", JsonValueKind.Object), ("script-info", JsonValueKind.Array),
            ("extensions", JsonValueKind.Array), ("memory", JsonValueKind.Object), ("cmd-flags", JsonValueKind.Object), ("options", JsonValueKind.Object),
            ("progress", JsonValueKind.Object), ("version", JsonValueKind.Object),
        })
        {
            (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync("/sdapi/v1/" + path);
            Assert.True(status == HttpStatusCode.OK && body.ValueKind == kind, $"{path}: {status} {body}");
            Assert.DoesNotContain(studio.Server.Folder, body.ToString(), StringComparison.Ordinal);
        }

        foreach (string path in new[] { "refresh-checkpoints", "refresh-vae", "unload-checkpoint", "reload-checkpoint", "skip", "interrupt" })
        {
            (HttpStatusCode status, _) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/" + path);
            Assert.True(status == HttpStatusCode.OK, path);
        }
    }

    [Fact]
    public async Task The_document_has_shapes_of_its_own_under_its_own_path()
    {
        (_, JsonElement objects) = await studio.Server.GetAsync("/sdapi/v1/samplers");
        (_, JsonElement names) = await studio.Server.GetAsync("/api/sdapi/v1/samplers");
        (_, JsonElement asked) = await studio.Server.GetAsync("/sdapi/v1/samplers?shape=document");
        (_, JsonElement schedulers) = await studio.Server.GetAsync("/api/sdapi/v1/schedulers");
        (_, JsonElement models) = await studio.Server.GetAsync("/api/sdapi/v1/sd-models");
        (_, JsonElement listed) = await studio.Server.GetAsync("/api/sdapi/v1/sd-models?shape=a1111");
        (HttpStatusCode wrong, _) = await studio.Server.GetAsync("/sdapi/v1/samplers?shape=round");
        // Errors too: the document has 400 and one text.
        foreach ((string path, string json) in new[] { ("extra-single-image", "{}"), ("extra-batch-images", """{"imageList":[]}"""), ("txt2img", """{"prompt":7,"steps":"x"}"""), ("png-info", "{}") })
        {
            (HttpStatusCode refused, JsonElement error) = await studio.Server.SendAsync(HttpMethod.Post, "/api/sdapi/v1/" + path, StudioServer.Json(json));
            Assert.Equal(HttpStatusCode.BadRequest, refused);
            Assert.Equal(JsonValueKind.String, error.GetProperty("error").ValueKind);
        }

        Assert.Contains(objects.EnumerateArray(), sampler => sampler.GetProperty("name").GetString() == "Euler a" && Texts(sampler.GetProperty("aliases")).Contains("k_euler_a"));
        Assert.Contains("DPM++ 2M", Texts(names));
        Assert.Equal(Texts(names), Texts(asked));
        Assert.Contains("Karras", Texts(schedulers));
        Assert.Equal("sd-models", models.GetProperty("title").GetString());
        Assert.Contains("demo-diffusion.gguf", Texts(models.GetProperty("models")));
        Assert.Contains(listed.EnumerateArray(), model => model.GetProperty("title").GetString() == "Demo");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong);
    }

    [Fact]
    public async Task The_chosen_model_generates_what_names_no_other_and_is_remembered()
    {
        string folder = studio.NewDataFolder();
        await using (StudioServer server = await StudioServer.StartAsync(folder))
        {
            (_, JsonElement before) = await server.GetAsync("/sdapi/v1/options");
            Assert.Equal("Demo", before.GetProperty("sd_model_checkpoint").GetString());
            // Open WebUI sends back everything it read.
            string complete = before.ToString().Replace("\"Demo\"", "\"tiny\"", StringComparison.Ordinal);
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/options", StudioServer.Json(complete));
            Assert.True(status == HttpStatusCode.OK && body.GetProperty("updated").GetArrayLength() > 3, body.ToString());
            await server.SendAsync(HttpMethod.Post, "/sdapi/v1/options", StudioServer.Json("""{"send_seed":false}"""));
        }

        await using StudioServer again = await StudioServer.StartAsync(folder);
        (_, JsonElement after) = await again.GetAsync("/sdapi/v1/options");
        (_, JsonElement generated) = await again.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a circle"}"""));
        (_, JsonElement overridden) = await again.SendAsync(
            HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a circle","steps":1,"override_settings":{"sd_model_checkpoint":"demo-diffusion.gguf"}}"""));

        Assert.Equal("Tiny", after.GetProperty("sd_model_checkpoint").GetString());
        Assert.False(after.GetProperty("send_seed").GetBoolean());
        Assert.Equal("Tiny", InfoOf(generated).GetProperty("sd_model_name").GetString());
        Assert.Equal(48, First(generated).Width);
        Assert.Equal("Demo", InfoOf(overridden).GetProperty("sd_model_name").GetString());
    }
}
