using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdCpp.Interop.Tests;

namespace SdStudio.Server.Tests;

/// <summary>
/// Requests as plug-ins send them, written down from their documentation: ADetailer, the ControlNet extension's clients, plug-ins for Krita and
/// Photoshop, SillyTavern with a person in its prompt. Each gets an image, and what was left out is said.
/// </summary>
public sealed class RecordedClientTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Input { get; } = Convert.ToBase64String(SampleImages.Good("png"));

    private static async Task<(JsonElement Body, string[] Notes)> SendAsync(StudioServer server, string address, string json)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, address, StudioServer.Json(json));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal(1, body.GetProperty("images").GetArrayLength());
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        Assert.Equal(1, info.RootElement.GetProperty("infotexts").GetArrayLength());
        return (body, [.. info.RootElement.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!)]);
    }

    // SillyTavern sends it as well when its detailer is on, with the two leading switches or without them.
    [Theory]
    [InlineData("ADetailer", "true, false, ")]
    [InlineData("ADetailer", "")]
    [InlineData("adetailer", "true, ")]
    public async Task ADetailers_units_are_left_out_and_named_and_the_image_is_there(string script, string switches)
    {
        (_, string[] notes) = await SendAsync(studio.Server, "/sdapi/v1/txt2img", $$"""
            {"prompt":"a red circle","negative_prompt":"","steps":2,"seed":3,"width":64,"height":64,"cfg_scale":1,"sampler_name":"Euler a","scheduler":"Automatic","restore_faces":false,"save_images":false,
             "send_images":true,"do_not_save_grid":false,"do_not_save_samples":false,"alwayson_scripts":{"{{script}}":{"args":[{{switches}}{"ad_model":"face_yolov8n.pt","ad_prompt":"[SEP]","ad_negative_prompt":"",
             "ad_confidence":0.3,"ad_mask_k":0,"ad_mask_min_ratio":0,"ad_mask_max_ratio":1,"ad_dilate_erode":4,"ad_x_offset":0,"ad_y_offset":0,"ad_mask_merge_invert":"None","ad_mask_blur":4,
             "ad_denoising_strength":0.4,"ad_inpaint_only_masked":true,"ad_inpaint_only_masked_padding":32,"ad_use_steps":false,"ad_steps":28,"ad_use_cfg_scale":false,"ad_cfg_scale":7,
             "ad_controlnet_model":"None"},{"ad_model":"hand_yolov8n.pt"}]} } }
            """);
        Assert.Contains("alwayson_scripts", Assert.Single(notes), StringComparison.Ordinal);
    }

    // A plug-in for Photoshop paints over a selection: an image, a mask of the same size, and every field of its panel.
    [Fact]
    public async Task Photoshops_request_for_a_selection_is_generated_and_its_settings_come_back()
    {
        (HttpStatusCode status, JsonElement options) = await studio.Server.GetAsync("/sdapi/v1/options");
        Assert.True(status == HttpStatusCode.OK && options.TryGetProperty("sd_model_checkpoint", out _));
        Assert.True((await studio.Server.GetAsync("/sdapi/v1/progress?skip_current_image=false")).Body.GetProperty("state").TryGetProperty("job_count", out _));
        (JsonElement body, string[] notes) = await SendAsync(studio.Server, "/sdapi/v1/img2img", $$"""
            {"init_images":["data:image/png;base64,{{Input}}"],"mask":"{{Input}}","prompt":"a red circle","negative_prompt":"","steps":2,"n_iter":1,"batch_size":1,"width":64,"height":64,"cfg_scale":1,
             "denoising_strength":0.7,"seed":"7","sampler_index":"Euler a","mask_blur":4,"inpaint_full_res":false,"inpaint_full_res_padding":"32","inpainting_fill":1,"inpainting_mask_invert":0,
             "mask_expansion":12,"use_sharp_mask":false,"mode":"inpaint","subseed":-1,"subseed_strength":0,"restore_faces":false,"tiling":false,"enable_hr":false,"override_settings":{},
             "script_args":[],"script_name":"","alwayson_scripts":{},"uniqueDocumentId":"8f0c","backend_type":"Auto1111","selection_info":{"left":0,"top":0,"right":64,"bottom":64} }
            """);
        Assert.Empty(notes);
        Assert.Contains("Seed: 7,", body.GetProperty("info").GetString(), StringComparison.Ordinal);
        var image = new PngFile(body.GetProperty("images")[0].GetBytesFromBase64());
        Assert.Equal((64, 64), (image.Width, image.Height));
    }

    // A plug-in for Krita asks first what there is, and then for an image of its canvas; sizes come as numbers with a point.
    [Fact]
    public async Task Kritas_requests_are_answered()
    {
        foreach (string list in new[] { "samplers", "schedulers", "upscalers", "sd-models", "sd-vae", "loras", "embeddings", "hypernetworks", "prompt-styles", "face-restorers", "scripts", "cmd-flags", "memory" })
            Assert.Equal(HttpStatusCode.OK, (await studio.Server.GetAsync($"/sdapi/v1/{list}")).Status);
        (_, string[] notes) = await SendAsync(studio.Server, "/sdapi/v1/img2img", $$"""
            {"init_images":["{{Input}}"],"prompt":"a red circle","negative_prompt":null,"steps":2.0,"width":64.0,"height":64.0,"cfg_scale":1,"denoising_strength":0.5,"seed":-1,"sampler_name":"DPM++ 2M Karras",
             "resize_mode":0,"image_cfg_scale":null,"include_init_images":false,"override_settings":{"CLIP_stop_at_last_layers":1,"sd_vae":"None"},"override_settings_restore_afterwards":true,
             "refiner_checkpoint":"refiner.safetensors","refiner_switch_at":0.8}
            """);
        Assert.Contains("refiner_checkpoint 'refiner.safetensors': the engine exchanges no models in the middle of an image", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/generate")]
    [InlineData("/v1/images/generations")]
    [InlineData("/sdapi/v1/txt2img")]
    [InlineData("/sdcpp/v1/img_gen")]
    public async Task A_refiner_is_left_out_and_the_way_round_is_said_on_every_surface(string path)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, path, StudioServer.Json("""{"model":"demo","prompt":"a red circle","steps":1,"seed":3,"width":32,"height":32,"size":"32x32","refiner_checkpoint":"refiner.safetensors","refiner_switch_at":0.8}"""));
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Accepted, body.ToString());
        while (path.StartsWith("/sdcpp", StringComparison.Ordinal) && body.TryGetProperty("status", out JsonElement now) && now.GetString() is "queued" or "generating")
            (_, body) = await studio.Server.GetAsync($"/sdcpp/v1/jobs/{body.GetProperty("id").GetString()}");

        string said = path.StartsWith("/sdapi", StringComparison.Ordinal) ? body.GetProperty("info").GetString()! : body.ToString();
        Assert.Equal(2, said.Split("refiner_checkpoint 'refiner.safetensors': the engine exchanges no models in the middle of an image").Length);
        Assert.DoesNotContain("refiner_switch_at is not a field", said, StringComparison.Ordinal);
    }

    // The units of the ControlNet extension's own documentation and of the Photoshop plug-in, on a model that has no nets: no unit is lost without a word.
    [Theory]
    [InlineData("""{"input_image":"IMAGE","mask":"","module":"canny","model":"control_v11p_sd15_canny [d14c016b]","weight":1,"resize_mode":"Scale to Fit (Inner Fit)","lowvram":false,"processor_res":512,"threshold_a":100,"threshold_b":200,"guidance":1,"guidance_start":0,"guidance_end":1,"guessmode":false}""")]
    [InlineData("""{"enabled":true,"image":{"image":"IMAGE","mask":null},"module":"none","model":"control_v11p_sd15_canny","weight":1.0,"low_vram":false,"pixel_perfect":true,"control_mode":"Balanced","hr_option":"Both","save_detected_map":true,"ipadapter_input":null}""")]
    [InlineData("""{"enabled":"true","image":"data:image/png;base64,IMAGE","module":"ip-adapter_clip_sd15","model":"ip-adapter_sd15","weight":"0.8","control_mode":0}""")]
    public async Task A_control_unit_that_cannot_be_followed_is_named_by_its_number(string unit)
    {
        (_, string[] notes) = await SendAsync(studio.Server, "/sdapi/v1/txt2img", $$"""
            {"prompt":"a red circle","steps":2,"seed":3,"width":64,"height":64,"cfg_scale":1,"alwayson_scripts":{"ControlNet":{"args":[{{unit.Replace("IMAGE", Input, StringComparison.Ordinal)}},{"enabled":false}]} } }
            """);
        Assert.StartsWith("ControlNet unit 0: ", Assert.Single(notes), StringComparison.Ordinal);
        Assert.EndsWith("; it is left out", notes[0], StringComparison.Ordinal);
    }

    // What SillyTavern sends for a character whose prompt prefix names a person: it can send nothing but words.
    [Fact]
    public async Task SillyTaverns_words_bring_a_person()
    {
        string folder = studio.NewDataFolder("models: {}\n");
        DiffusionModelOptions tiny = TinyFlux.Write(Path.Combine(folder, "models", "tiny"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        Directory.CreateDirectory(Path.Combine(folder, "people", "alice"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "people", "alice", "a.png"), SampleImages.Good("png"), Cancellation);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "models.yml"),
            $$"""
            models:
              editor: {name: Editor, capabilities: ["text-to-image", "image-to-image", "imgedit"], default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 2}, args: ["--diffusion-model", "{{tiny.DiffusionModelPath}}", "--clip_l", "{{tiny.ClipLPath}}", "--taesd", "{{tiny.TaesdPath}}"]}
            """, Cancellation);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        async Task<(string Pixels, string[] Notes)> SayAsync(string prompt)
        {
            (JsonElement body, string[] notes) = await SendAsync(server, "/sdapi/v1/txt2img", $$"""
                {"url":"http://127.0.0.1","auth":"","prompt":"{{prompt}}","negative_prompt":"ugly","sampler_name":"Euler a","scheduler":"N/A","steps":2,"cfg_scale":1,"width":64,"height":64,"restore_faces":false,
                 "enable_hr":false,"hr_upscaler":"Latent","hr_scale":2,"hr_additional_modules":[],"denoising_strength":0.7,"hr_second_pass_steps":0,"seed":5,"override_settings":{"CLIP_stop_at_last_layers":1},
                 "override_settings_restore_afterwards":true,"clip_skip":1,"save_images":false,"send_images":true,"do_not_save_grid":false,"do_not_save_samples":false}
                """);
            return (Convert.ToHexString(new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()).Pixels), notes);
        }

        (string without, _) = await SayAsync("smiling, best quality");
        (string alice, string[] notes) = await SayAsync("<ref:alice>, smiling, best quality");
        Assert.Empty(notes);
        Assert.NotEqual(without, alice);
        Assert.Equal(alice, (await SayAsync("<ref:Alice>, smiling, best quality")).Pixels);
        Assert.Contains("There is no person called 'bob'", Assert.Single((await SayAsync("<ref:bob>, smiling, best quality")).Notes), StringComparison.Ordinal);
    }
}
