using System.Net;
using System.Text;
using System.Text.Json;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;

namespace SdStudio.Server.Tests.Videos;

/// <summary>The API of the engine's own server: jobs for images and videos, written down from its documentation.</summary>
public sealed class SdServerTests(VideoServer videos) : IClassFixture<VideoServer>
{
    // Every field of the documented example, with its value.
    private const string Documented =
        """
        {"prompt":"a red circle moves to the right","negative_prompt":"","clip_skip":-1,"width":64,"height":32,"strength":0.75,"seed":7,"video_frames":9,"fps":8,"moe_boundary":0.875,"vace_strength":1.0,
         "init_image":null,"end_image":null,"control_frames":[],
         "sample_params":{"scheduler":"discrete","sample_method":"euler","sample_steps":4,"eta":1.0,"shifted_timestep":0,"custom_sigmas":[],"flow_shift":0.0,
           "guidance":{"txt_cfg":1.0,"img_cfg":1.0,"distilled_guidance":3.5,"slg":{"layers":[7,8,9],"layer_start":0.01,"layer_end":0.2,"scale":0.0}}},
         "high_noise_sample_params":{"scheduler":"discrete","sample_method":"euler","sample_steps":-1,"eta":1.0,"shifted_timestep":0,"flow_shift":0.0,"guidance":{"txt_cfg":7.0}},
         "lora":[],"vae_tiling_params":{"enabled":false,"temporal_tiling":false,"tile_size_x":0,"tile_size_y":0,"target_overlap":0.5,"rel_size_x":0.0,"rel_size_y":0.0,"extra_tiling_args":""},
         "cache_mode":"disabled","cache_option":"","scm_mask":"","scm_policy_dynamic":true,"output_format":"webp","output_compression":100}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StudioServer Server => videos.Server;

    [Fact]
    public async Task The_documented_request_for_a_video_is_made_as_the_same_request_of_the_rest_api()
    {
        JsonElement job = await DoneAsync("vid_gen", Documented);

        Assert.Equal(("vid_gen", "completed", 0), (job.GetProperty("kind").GetString(), job.GetProperty("status").GetString(), job.GetProperty("queue_position").GetInt32()));
        Assert.Equal(JsonValueKind.Null, job.GetProperty("error").ValueKind);
        Assert.InRange(job.GetProperty("completed").GetInt64(), job.GetProperty("created").GetInt64(), long.MaxValue);
        JsonElement result = job.GetProperty("result");
        Assert.Equal(
            ("webp", "image/webp", 8, 9),
            (result.GetProperty("output_format").GetString(), result.GetProperty("mime_type").GetString(), result.GetProperty("fps").GetInt32(), result.GetProperty("frame_count").GetInt32()));
        (_, string other) = await VideoServer.MakeAsync(Server, """{"model":"moving","prompt":"a red circle moves to the right","size":"64x32","frames":9,"fps":8,"steps":4,"seed":7,"cfg_scale":1,"sampler":"euler","scheduler":"discrete","eta":1}""");
        JsonElement settings = await Server.GenerationAsync(job.GetProperty("id").GetString()!);
        Assert.Equal(("video", 1), (settings.GetProperty("type").GetString(), settings.GetProperty("image_count").GetInt32()));
        string id = settings.GetProperty("images")[0].GetProperty("id").GetString()!;
        Assert.Equal(await Server.Http.GetByteArrayAsync($"/api/images/{id}", Cancellation), result.GetProperty("b64_json").GetBytesFromBase64());
        Assert.Equal(await Server.Http.GetByteArrayAsync($"/api/images/{other}/sheet", Cancellation), await Server.Http.GetByteArrayAsync($"/api/images/{id}/sheet", Cancellation));
        string[] texts = [await InfotextAsync(id), await InfotextAsync(other)];
        Assert.Equal(texts[1], texts[0]);
    }

    [Fact]
    public async Task A_first_and_a_last_image_change_it_and_the_usual_format_is_what_can_be_written()
    {
        string image = Convert.ToBase64String(SampleImages.Good("png"));
        string small = """{"prompt":"x","width":32,"height":32,"video_frames":5,"seed":7,"sample_params":{"sample_steps":2}}""";
        JsonElement without = (await DoneAsync("vid_gen", small)).GetProperty("result");
        JsonElement with = (await DoneAsync("vid_gen", small.Replace("\"seed\"", $"\"init_image\":\"data:image/png;base64,{image}\",\"seed\"", StringComparison.Ordinal))).GetProperty("result");
        JsonElement ended = (await DoneAsync("vid_gen", small.Replace("\"seed\"", $"\"end_image\":\"{image}\",\"seed\"", StringComparison.Ordinal))).GetProperty("result");

        Assert.Equal(3, new[] { without, with, ended }.Select(result => result.GetProperty("b64_json").GetString()).Distinct().Count());
        (_, JsonElement health) = await Server.GetAsync("/api/health");
        string[] formats = [.. health.GetProperty("video_formats").EnumerateArray().Select(format => format.GetString()!)];
        Assert.Equal(formats.Contains(VideoFormats.Webm) ? "video/webm" : "image/webp", without.GetProperty("mime_type").GetString());
    }

    [Fact]
    public async Task Images_are_made_from_words_and_from_an_image_in_the_format_that_was_asked_for()
    {
        const string words = """{"prompt":"a red circle","width":64,"height":64,"batch_count":2,"seed":5,"sample_params":{"sample_method":"euler","scheduler":"default","sample_steps":2,"flow_shift":null,"guidance":{"txt_cfg":1.0}},"output_format":"jpeg","output_compression":80}""";
        JsonElement job = await DoneAsync("img_gen", words);

        JsonElement result = job.GetProperty("result");
        Assert.Equal(("img_gen", "jpeg", 2), (job.GetProperty("kind").GetString(), result.GetProperty("output_format").GetString(), result.GetProperty("images").GetArrayLength()));
        Assert.All(result.GetProperty("images").EnumerateArray(), image => Assert.Equal([0xFF, 0xD8], image.GetProperty("b64_json").GetBytesFromBase64()[..2]));
        JsonElement listed = await Server.GenerationAsync(job.GetProperty("id").GetString()!);
        Assert.Equal(("generate", "euler", 2), (listed.GetProperty("type").GetString(), listed.GetProperty("sampler").GetString(), listed.GetProperty("steps").GetInt32()));

        string image = Convert.ToBase64String(SampleImages.Good("png"));
        job = await DoneAsync("img_gen", $$"""{"prompt":"a red circle","init_image":"{{image}}","strength":0,"width":64,"height":64,"seed":5,"sample_params":{"sample_steps":2},"embed_image_metadata":false}""");
        byte[] png = job.GetProperty("result").GetProperty("images")[0].GetProperty("b64_json").GetBytesFromBase64();
        Assert.Equal((64, 64), (new PngFile(png).Width, new PngFile(png).Height));
        Assert.Null(ImageTexts.In(ImageDecoder.Texts(png, "image")).Infotext);
        Assert.NotNull((await Server.GenerationAsync(job.GetProperty("id").GetString()!)).GetProperty("input_image_path").GetString());
    }

    [Fact]
    public async Task A_running_job_is_cancelled_and_one_that_is_not_there_is_not_found()
    {
        (HttpStatusCode status, JsonElement accepted) = await SendAsync("vid_gen", """{"prompt":"x","width":64,"height":32,"video_frames":33,"sample_params":{"sample_steps":150}}""");
        Assert.True(status == HttpStatusCode.Accepted, accepted.ToString());
        string id = accepted.GetProperty("id").GetString()!;
        Assert.Equal($"/sdcpp/v1/jobs/{id}", accepted.GetProperty("poll_url").GetString());
        while ((await Server.GetAsync($"/sdcpp/v1/jobs/{id}")).Body.GetProperty("status").GetString() == "queued")
            await Task.Delay(10, Cancellation);

        (status, JsonElement cancelled) = await Server.SendAsync(HttpMethod.Post, $"/sdcpp/v1/jobs/{id}/cancel");

        Assert.Equal(HttpStatusCode.OK, status);
        while (cancelled.GetProperty("status").GetString() == "generating")
            cancelled = (await Server.GetAsync($"/sdcpp/v1/jobs/{id}")).Body;
        Assert.Equal(("cancelled", "cancelled"), (cancelled.GetProperty("status").GetString(), cancelled.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(JsonValueKind.Null, cancelled.GetProperty("result").ValueKind);
        (status, JsonElement again) = await Server.SendAsync(HttpMethod.Post, $"/sdcpp/v1/jobs/{id}/cancel");
        Assert.Equal((HttpStatusCode.OK, "cancelled"), (status, again.GetProperty("status").GetString()));
        Assert.Equal((HttpStatusCode.NotFound, "job not found"), (await Server.GetAsync("/sdcpp/v1/jobs/job_1")) is var (found, body) ? (found, body.GetProperty("error").GetString()!) : default);
        Assert.Equal(HttpStatusCode.NotFound, (await Server.SendAsync(HttpMethod.Post, "/sdcpp/v1/jobs/job_1/cancel")).Status);
    }

    [Fact]
    public async Task What_can_be_asked_for_is_told_and_can_be_sent_back_as_it_is()
    {
        (_, JsonElement body) = await Server.GetAsync("/sdcpp/v1/capabilities");

        Assert.Equal(["img_gen", "vid_gen"], body.GetProperty("supported_modes").EnumerateArray().Select(mode => mode.GetString()));
        Assert.Equal(body.GetProperty("defaults_by_mode").GetProperty("img_gen").ToString(), body.GetProperty("defaults").ToString());
        Assert.True(body.GetProperty("features_by_mode").GetProperty("vid_gen").GetProperty("cancel_generating").GetBoolean());
        Assert.Contains("euler", body.GetProperty("samplers").EnumerateArray().Select(name => name.GetString()));
        Assert.DoesNotContain(Server.Folder, body.ToString(), StringComparison.Ordinal);
        foreach (string mode in (string[])["img_gen", "vid_gen"])
        {
            string defaults = body.GetProperty("defaults_by_mode").GetProperty(mode).ToString().Replace("\"prompt\":\"\"", "\"prompt\":\"x\"", StringComparison.Ordinal);
            (HttpStatusCode status, JsonElement accepted) = await SendAsync(mode, defaults);
            Assert.True(status == HttpStatusCode.Accepted, $"{defaults}: {accepted}");
            await Server.SendAsync(HttpMethod.Post, $"/sdcpp/v1/jobs/{accepted.GetProperty("id").GetString()}/cancel");
        }

        (_, JsonElement one) = await Server.GetAsync("/sdcpp/v1/capabilities?model=moving");
        Assert.Equal(["vid_gen"], one.GetProperty("supported_modes").EnumerateArray().Select(mode => mode.GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await Server.GetAsync("/sdcpp/v1/capabilities?model=nothing")).Status);
    }

    [Theory]
    [InlineData("vid_gen", """{"prompt":"x","model":"demo"}""", "Model 'demo' makes no videos; models that do: moving")]
    [InlineData("vid_gen", """{"prompt":"x","video_frames":0}""", "video_frames is '0'; allowed is a whole number from 1 to 257")]
    [InlineData("vid_gen", """{"prompt":"x","output_format":"avi"}""", "output_format is 'avi'; allowed is one of: webp")]
    [InlineData("vid_gen", """{"prompt":"x","sample_params":{"sample_method":"dowsing"}}""", "sampler is 'dowsing'; allowed is one of: ")]
    [InlineData("vid_gen", """{"prompt":"x","sample_params":[1]}""", "sample_params is [1]; allowed is an object")]
    [InlineData("vid_gen", """{"prompt":"x","sample_params":{"custom_sigmas":[1,0.5,0]}}""", "sample_params.custom_sigmas is [1,0.5,0]; it is not supported here; leave it out")]
    [InlineData("vid_gen", """{"prompt":"x","hires":{"enabled":true}}""", "hires.enabled is true; a video has no second pass here, leave hires out")]
    [InlineData("vid_gen", """{"prompt":"x","control_frames":[1,2]}""", "control_frames contains something that is not an image")]
    [InlineData("vid_gen", """{"prompt":"x","init_image":{}}""", "init_image is not an image; send base64 or a data URL")]
    [InlineData("vid_gen", """{"prompt":"x","lora":[{"path":"nothing.safetensors","multiplier":1,"is_high_noise":true}]}""", "loras: there is no 'nothing.safetensors'")]
    [InlineData("img_gen", """{"width":64,"height":64}""", "Missing required field: prompt")]
    [InlineData("img_gen", """{"prompt":"x","width":0}""", "width is '0'; allowed is a whole number from 1")]
    [InlineData("img_gen", """{"prompt":"x","batch_count":99}""", "n is '99'; allowed is a whole number from 1 to 10")]
    [InlineData("img_gen", """{"prompt":"x","output_format":"gif"}""", "output_format is 'gif'; allowed is one of: png, jpeg, webp")]
    [InlineData("img_gen", """{"prompt":"x","cache_mode":"easycache"}""", "cache_mode is 'easycache'; allowed is disabled")]
    [InlineData("img_gen", """{"prompt":"x","model":"nothing"}""", "model is 'nothing'; allowed is one of: ")]
    [InlineData("img_gen", """{"prompt":"x","lora":[{"name":"x"}]}""", "lora: each is {\"path\": \"…\", \"multiplier\": 1}")]
    [InlineData("img_gen", """{"prompt":"x","mask_image":"iVBORw0KGgo="}""", "mask_image was sent without init_image; send the image that it belongs to")]
    [InlineData("vid_gen", """{"prompt":"x","mask_image":"iVBORw0KGgo="}""", "mask_image was sent; a video takes no mask")]
    [InlineData("img_gen", """{"prompt":"x","control_image":"iVBORw0KGgo="}""", "control")]
    public async Task What_is_wrong_is_named(string kind, string request, string expected)
    {
        (HttpStatusCode status, JsonElement body) = await SendAsync(kind, request);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(expected, body.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_see_their_own_jobs_only()
    {
        await using StudioServer server = await videos.StartAsync("--SdStudio:Security:ApiKeys:ann=a-key-for-ann", "--SdStudio:Security:ApiKeys:bob=a-key-for-bob");
        (_, JsonElement accepted) = await server.SendAsync(HttpMethod.Post, "/sdcpp/v1/img_gen", StudioServer.Json("""{"prompt":"x","width":16,"height":16,"sample_params":{"sample_steps":1}}"""), ("X-API-Key", "a-key-for-ann"));
        string path = accepted.GetProperty("poll_url").GetString()!;

        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Get, path, null, ("X-API-Key", "a-key-for-ann"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync(HttpMethod.Get, path, null, ("X-API-Key", "a-key-for-bob"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync(HttpMethod.Post, path + "/cancel", null, ("X-API-Key", "a-key-for-bob"))).Status);
    }

    private async Task<string> InfotextAsync(string id) => (await Server.GetAsync($"/api/images/{id}/parameters")).Body.GetProperty("infotext").GetString()!;

    private Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string kind, string json) =>
        Server.SendAsync(HttpMethod.Post, $"/sdcpp/v1/{kind}", new StringContent(json, Encoding.UTF8, "application/json"));

    private async Task<JsonElement> DoneAsync(string kind, string json)
    {
        (HttpStatusCode status, JsonElement job) = await SendAsync(kind, json);
        Assert.True(status == HttpStatusCode.Accepted, job.ToString());
        string path = job.GetProperty("poll_url").GetString()!;
        while (job.GetProperty("status").GetString() is "queued" or "generating")
        {
            await Task.Delay(10, Cancellation);
            (_, job) = await Server.GetAsync(path);
        }

        Assert.True(job.GetProperty("status").GetString() == "completed", job.ToString());
        return job;
    }
}
