using System.Net;
using System.Text;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests.Clients;

/// <summary>What Automatic1111's clients mean, and what they are told when this server does something else.</summary>
public sealed class SdApiLeniencyTests(Workshop studio)
{
    private static readonly (int, int, int) Red = (219, 26, 31);
    private static readonly (int, int, int) Green = (26, 158, 56);

    private async Task<JsonElement> PostAsync(string path, string json, HttpStatusCode expected = HttpStatusCode.OK, params (string, string)[] headers)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, StudioServer.Json(json), headers);
        Assert.True(status == expected, $"{status}: {body}");
        return body;
    }

    private static PngFile First(JsonElement body) => new(body.GetProperty("images")[0].GetBytesFromBase64());

    private static JsonElement InfoOf(JsonElement body)
    {
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        return info.RootElement.Clone();
    }

    private static string[] Notes(JsonElement body) => [.. InfoOf(body).GetProperty("notes").EnumerateArray().Select(note => note.GetString()!)];

    private async Task<string> RedCircleAsync(int side = 64) => (await PostAsync(
        "/sdapi/v1/txt2img", $$"""{"prompt":"a red circle on a blue background","seed":1,"width":{{side}},"height":{{side}},"steps":8}""")).GetProperty("images")[0].GetString()!;

    // The right half is painted.
    private static byte[] Mask(string kind)
    {
        using Image black = Image.Black(128, 128).Cast(Enums.BandFormat.Uchar);
        using Image right = black.Mutate(image => image.DrawRect([255], 64, 0, 64, 128, fill: true));
        using Image white = (black + 255).Cast(Enums.BandFormat.Uchar);
        using Image rgb = right.Bandjoin([right, right]).Copy(interpretation: Enums.Interpretation.Srgb);
        return kind switch
        {
            "grey" => right.PngsaveBuffer(),
            "rgb" => rgb.PngsaveBuffer(),
            "rgba, white strokes" => rgb.Bandjoin(right).PngsaveBuffer(),
            "rgba, black strokes" => black.Bandjoin([black, black]).Copy(interpretation: Enums.Interpretation.Srgb).Bandjoin(right).PngsaveBuffer(),
            "rgba, opaque" => rgb.Bandjoin(white).PngsaveBuffer(),
            "grey and alpha" => white.Bandjoin(right).Copy(interpretation: Enums.Interpretation.Bw).PngsaveBuffer(),
            "palette with transparency" => rgb.Bandjoin(right).PngsaveBuffer(palette: true),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    [Theory]
    [InlineData("grey")]
    [InlineData("rgb")]
    [InlineData("rgba, white strokes")]
    [InlineData("rgba, black strokes")]
    [InlineData("rgba, opaque")]
    [InlineData("grey and alpha")]
    [InlineData("palette with transparency")]
    public async Task What_is_painted_in_a_mask_is_generated(string kind)
    {
        string start = await RedCircleAsync(128);

        PngFile image = First(await PostAsync(
            "/sdapi/v1/img2img",
            $$"""{"init_images":["{{start}}"],"prompt":"a green circle on a blue background","denoising_strength":1,"steps":8,"seed":3,"mask_blur":0,"mask":"{{Convert.ToBase64String(Mask(kind))}}"}"""));

        image.ShowsAt(.35, .5, Red);
        image.ShowsAt(.65, .5, Green);
    }

    [Theory]
    [InlineData(0, true, true)]
    [InlineData(1, true, false)]
    [InlineData(2, false, true)]
    [InlineData(3, true, true)]
    public async Task Resize_modes_stretch_crop_and_fill(int mode, bool reachesTheSides, bool isWhole)
    {
        // White with a black frame: where the frame comes to lie tells what was done.
        using Image frame = Image.Black(64, 64).Cast(Enums.BandFormat.Uchar).Mutate(image => image.DrawRect([255], 4, 4, 56, 56, fill: true));
        using Image rgb = frame.Bandjoin([frame, frame]).Copy(interpretation: Enums.Interpretation.Srgb);

        JsonElement body = await PostAsync(
            "/sdapi/v1/img2img",
            $$"""{"init_images":["{{Convert.ToBase64String(rgb.PngsaveBuffer())}}"],"prompt":"","denoising_strength":0,"steps":2,"width":128,"height":64,"resize_mode":{{mode}}}""");
        PngFile input = await InputOfLastAsync();

        Assert.Equal((128, 64), (input.Width, input.Height));
        // In the middle of the image the frame's upper edge is there unless the image was cropped.
        Assert.Equal(isWhole, input.At(.5, .01).R < 128);
        // A quarter from the left is inside, unless what is empty there was filled with the frame.
        Assert.Equal(reachesTheSides, input.At(.15, .5).R > 128);
        Assert.Equal(mode == 3, Notes(body).Any(note => note.Contains("resize_mode", StringComparison.Ordinal)));
    }

    private async Task<PngFile> InputOfLastAsync()
    {
        (_, JsonElement list) = await studio.Server.GetAsync("/api/generations?type=edit&limit=1");
        return new PngFile(await studio.Server.Http.GetByteArrayAsync($"/api/generations/{list[0].GetProperty("id").GetString()}/input", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("", 100, 50)]
    [InlineData(",\"upscaling_crop\":true", 100, 50)]
    [InlineData(",\"upscaling_crop\":\"False\"", 100, 100)]
    public async Task Extras_to_a_size_crop_or_keep_the_ratio_and_never_distort(string crop, int width, int height)
    {
        string start = await RedCircleAsync();

        JsonElement body = await PostAsync(
            "/sdapi/v1/extra-single-image", $$"""{"image":"{{start}}","resize_mode":1,"upscaler_1":"Lanczos","upscaling_resize_w":100,"upscaling_resize_h":50{{crop}}}""");

        var image = new PngFile(body.GetProperty("image").GetBytesFromBase64());
        Assert.Equal((width, height), (image.Width, image.Height));
        // The circle is as wide as it is high: it fills the middle half of the square.
        image.ShowsAt(.5, .5, Red);
        int across = Enumerable.Range(0, image.Width).Count(x => image.At(x / (double)image.Width, .5).R > 128);
        Assert.InRange(across, 40, 75);
    }

    [Theory]
    [InlineData("""{"sd_model_checkpoint":"v1-5-pruned.ckpt [e1441589a6]"}""", "v1-5-pruned.ckpt")]
    [InlineData("""{"sd_model_checkpoint":"missing"}""", "missing")]
    [InlineData("""{"samples_format":"jpg","forge_additional_modules":["y"]}""", "samples_format, forge_additional_modules are not used")]
    [InlineData("""{"sd_vae":"x"}""", "sd_vae: there is no file 'x' here")]
    [InlineData("\"{\\\"samples_format\\\":\\\"webp\\\"}\"", "samples_format is not used")]
    [InlineData("\"nonsense\"", "override_settings is not an object")]
    [InlineData("[1]", "override_settings is not an object")]
    public async Task What_is_not_used_of_override_settings_is_noted(string settings, string note)
    {
        JsonElement body = await PostAsync("/sdapi/v1/txt2img", $$"""{"prompt":"a","width":16,"height":16,"steps":1,"override_settings":{{settings}}}""");

        Assert.Contains(note, Assert.Single(Notes(body)), StringComparison.Ordinal);
        Assert.Equal("Demo", InfoOf(body).GetProperty("sd_model_name").GetString());
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"CLIP_stop_at_last_layers":1,"sd_vae":"Automatic","samples_format":"png","sd_model_checkpoint":"demo"}""")]
    [InlineData("null")]
    [InlineData("\"\"")]
    public async Task What_changes_nothing_is_not_noted(string settings)
    {
        JsonElement body = await PostAsync("/sdapi/v1/txt2img", $$"""{"prompt":"a","width":16,"height":16,"steps":1,"override_settings":{{settings}}}""");

        Assert.Empty(Notes(body));
    }

    [Theory]
    [InlineData("\"sampler_name\":\"LMS Karras\",\"steps\":1", "karras")]
    [InlineData("\"sampler_name\":\"Euler\",\"scheduler\":\"Exponential\",\"steps\":1", "exponential")]
    [InlineData("\"sampler_name\":\"Euler\",\"scheduler\":\"Align Your Steps\",\"steps\":4", "ays")]
    [InlineData("\"sampler_name\":\"Euler\",\"scheduler\":\"karras\",\"steps\":4,\"enable_hr\":true,\"hr_scale\":2,\"hr_second_pass_steps\":1", "karras")]
    public async Task A_scheduler_that_cannot_work_is_replaced_and_noted(string fields, string scheduler)
    {
        JsonElement body = await PostAsync("/sdapi/v1/txt2img", $$"""{"prompt":"a red circle","width":16,"height":16,{{fields}}}""");

        Assert.Contains(Notes(body), note => note.Contains($"scheduler '{scheduler}'", StringComparison.Ordinal));
        Assert.Equal("Simple", InfoOf(body).GetProperty("scheduler").GetString());
    }

    [Fact]
    public async Task A_model_without_its_files_cannot_be_chosen_and_the_lists_agree()
    {
        JsonElement error = await PostAsync("/sdapi/v1/options", """{"sd_model_checkpoint":"missing"}""", HttpStatusCode.Conflict);
        (_, JsonElement options) = await studio.Server.GetAsync("/sdapi/v1/options");
        (_, JsonElement models) = await studio.Server.GetAsync("/sdapi/v1/sd-models");

        Assert.Contains("models/not-there.gguf", error.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("/api/models/download", error.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains(models.EnumerateArray(), model => model.GetProperty("title").GetString() == options.GetProperty("sd_model_checkpoint").GetString());
    }

    [Fact]
    public async Task A_chosen_model_whose_files_vanish_gives_way_to_one_that_has_them()
    {
        string folder = studio.NewDataFolder();
        string file = Path.Combine(folder, "models", "own.gguf");
        File.WriteAllText(
            Path.Combine(folder, "models.yml"),
            File.ReadAllText(Path.Combine(folder, "models.yml")).Replace("models:\n", "models:\n  own: { name: \"Own\", args: [\"--diffusion-model\", \"models/own.gguf\", \"--llm\", \"models/demo-text-encoder.gguf\", \"--taesd\", \"models/demo-taesd.gguf\"] }\n", StringComparison.Ordinal));
        File.Copy(Path.Combine(folder, "models", "demo-diffusion.gguf"), file);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        await server.SendAsync(HttpMethod.Post, "/sdapi/v1/options", StudioServer.Json("""{"sd_model_checkpoint":"Own"}"""));
        (_, JsonElement before) = await server.GetAsync("/sdapi/v1/options");
        Assert.Equal("Own", before.GetProperty("sd_model_checkpoint").GetString());

        File.Delete(file);
        (_, JsonElement after) = await server.GetAsync("/sdapi/v1/options");
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a","width":16,"height":16,"steps":1}"""));

        Assert.Equal("Demo", after.GetProperty("sd_model_checkpoint").GetString());
        Assert.True(status == HttpStatusCode.OK, body.ToString());
    }

    [Fact]
    public async Task Options_tell_what_they_only_keep()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        (_, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/options", StudioServer.Json("""{"samples_format":"jpg","send_seed":true}"""));

        Assert.Contains("samples_format", Assert.Single(body.GetProperty("notes").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("send_seed", body.GetProperty("notes").ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1]", HttpStatusCode.BadRequest)]
    [InlineData("\"a red circle\"", HttpStatusCode.BadRequest)]
    [InlineData(" [\"sd_model_checkpoint=x\"]", HttpStatusCode.BadRequest)]
    [InlineData("\uFEFF{\"prompt\":", HttpStatusCode.BadRequest)]
    [InlineData("a red circle", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("null", HttpStatusCode.UnsupportedMediaType)]
    public async Task What_is_no_form_is_not_read_as_one(string text, HttpStatusCode expected)
    {
        foreach (string path in new[] { "/sdapi/v1/txt2img", "/sdapi/v1/options", "/api/generate", "/v1/images/generations" })
        {
            using var content = new StringContent(text, Encoding.UTF8, "application/x-www-form-urlencoded");
            (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, content);
            Assert.True(status == expected, $"{path}: {status} {body}");
        }
    }

    [Fact]
    public async Task Json_without_its_header_is_read_as_json()
    {
        using var content = new StringContent(" {\"prompt\":\"a red circle without a header\",\"width\":64,\"height\":32,\"steps\":1}", Encoding.UTF8, "application/x-www-form-urlencoded");
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", content);
        using var form = new FormUrlEncodedContent([new("prompt", "a form"), new("width", "32"), new("height", "32"), new("steps", "1")]);
        (HttpStatusCode formStatus, JsonElement formBody) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", form);
        using var nothing = new ByteArrayContent("{\"model\":\"demo\",\"prompt\":\"no type\",\"size\":\"16x16\",\"steps\":1}"u8.ToArray());
        (HttpStatusCode untyped, JsonElement untypedBody) = await studio.Server.SendAsync(HttpMethod.Post, "/api/generate", nothing);
        using var rest = new FormUrlEncodedContent([new("model", "demo"), new("prompt", "a form"), new("size", "16x16"), new("steps", "1")]);
        (HttpStatusCode restForm, JsonElement restBody) = await studio.Server.SendAsync(HttpMethod.Post, "/api/generate", rest);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal("a red circle without a header", InfoOf(body).GetProperty("prompt").GetString());
        Assert.True(formStatus == HttpStatusCode.OK, formBody.ToString());
        Assert.Equal("a form", InfoOf(formBody).GetProperty("prompt").GetString());
        Assert.True(untyped == HttpStatusCode.OK, untypedBody.ToString());
        Assert.True(restForm == HttpStatusCode.OK, restBody.ToString());
    }

    [Fact]
    public async Task A_key_belongs_to_the_whole_request_and_each_image_of_a_batch_is_itself()
    {
        string red = await RedCircleAsync();
        string green = (await PostAsync("/sdapi/v1/txt2img", """{"prompt":"a green square on a yellow background","seed":1,"width":64,"height":64,"steps":8}""")).GetProperty("images")[0].GetString()!;
        (string, string) key = ("Idempotency-Key", Guid.NewGuid().ToString());
        string batch = $$"""{"imageList":[{"data":"{{red}}","name":"a"},{"data":"{{green}}","name":"b"}],"upscaler_1":"None","upscaling_resize":1}""";

        JsonElement first = await PostAsync("/sdapi/v1/extra-batch-images", batch, HttpStatusCode.OK, key);
        JsonElement again = await PostAsync("/sdapi/v1/extra-batch-images", batch, HttpStatusCode.OK, key);
        new PngFile(first.GetProperty("images")[0].GetBytesFromBase64()).ShowsAt(.5, .5, Red);
        new PngFile(first.GetProperty("images")[1].GetBytesFromBase64()).ShowsAt(.5, .5, Green);
        Assert.Equal(first.GetProperty("images").ToString(), again.GetProperty("images").ToString());

        foreach ((string path, string one, string other) in new[]
        {
            ("extra-single-image", $$"""{"image":"{{red}}","upscaler_1":"None"}""", $$"""{"image":"{{green}}","upscaler_1":"None"}"""),
            ("img2img", $$"""{"init_images":["{{red}}"],"prompt":"x","steps":2}""", $$"""{"init_images":["{{green}}"],"prompt":"x","steps":2}"""),
        })
        {
            (string, string) own = ("Idempotency-Key", Guid.NewGuid().ToString());
            await PostAsync("/sdapi/v1/" + path, one, HttpStatusCode.OK, own);
            await PostAsync("/sdapi/v1/" + path, one, HttpStatusCode.OK, own);
            await PostAsync("/sdapi/v1/" + path, other, HttpStatusCode.Conflict, own);
        }
    }
}
