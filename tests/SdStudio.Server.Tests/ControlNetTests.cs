using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdCpp.Interop.Tests;

namespace SdStudio.Server.Tests;

/// <summary>ControlNets on every surface, with a model of a family that has them; the requests are those of the extension's clients.</summary>
public sealed class ControlNetTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // White on one side: what is followed, and what canny finds an edge in.
    private static string Half(bool isLeft, int side = 64)
    {
        using ImageBuffer image = ImageBuffer.Create(side, side);
        for (int i = 0; i < image.Length; i++)
            image.Span[i] = (byte)(i / 3 % side < side / 2 == isLeft ? 255 : 0);
        return Convert.ToBase64String(image.ToArray());
    }

    private async Task<StudioServer> StartAsync()
    {
        string folder = studio.NewDataFolder("models: {}\n");
        DiffusionModelOptions hollow = HollowSd1.Write(Path.Combine(folder, "models", "hollow"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        Directory.CreateDirectory(Path.Combine(folder, "controlnets", "more"));
        HollowSd1.WriteControlNet(Path.Combine(folder, "controlnets", "first-canny.safetensors"), seed: 4);
        HollowSd1.WriteControlNet(Path.Combine(folder, "controlnets", "more", "second.safetensors"), seed: 5);
        File.CreateSymbolicLink(Path.Combine(folder, "controlnets", "nothing.gguf"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "models.yml"),
            $$"""
            models:
              hollow: {name: Hollow, capabilities: ["text-to-image", "image-to-image"], default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 1}, args: ["--model", "{{hollow.ModelPath}}", "--taesd", "{{hollow.TaesdPath}}"]}
              demo: {name: Demo, default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 1}, args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]}
            """, Cancellation);
        return await StudioServer.StartAsync(folder);
    }

    private static async Task<string> RestAsync(StudioServer server, string control, string model = "hollow") => Convert.ToHexString((await server.GenerateOneAsync(
        $$"""{"model":"{{model}}","prompt":"x","steps":1,"seed":1,"cfg_scale":1{{(control.Length > 0 ? $",\"control\":[{control}]" : "")}}}""")).Pixels);

    // The net's map comes behind the image, unless nothing is followed or nobody wants it.
    private static async Task<(string Pixels, JsonElement Info)> A1111Async(StudioServer server, string unit, string script = "controlnet", int images = 2)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(
            $$"""{"prompt":"x","steps":1,"seed":1,"cfg_scale":1,"width":64,"height":64,"override_settings":{"sd_model_checkpoint":"Hollow"},"alwayson_scripts":{"{{script}}":{"args":[{{unit}}]} } }"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        Assert.Equal(images, body.GetProperty("images").GetArrayLength());
        return (Convert.ToHexString(new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()).Pixels), info.RootElement.Clone());
    }

    [Fact]
    public async Task A_net_follows_an_image_on_every_surface_and_what_is_left_out_is_noted()
    {
        await using StudioServer server = await StartAsync();
        string left = Half(isLeft: true), right = Half(isLeft: false);
        string none = await RestAsync(server, "");
        long alone = await MemoryAsync(server);
        string followed = await RestAsync(server, $$"""{"model":"first-canny","image":"{{left}}"}""");
        string other = await RestAsync(server, $$"""{"model":"first-canny","image":"{{right}}"}"""), canny = await RestAsync(server, $$"""{"model":"first-canny","image":"{{left}}","preprocessor":"canny"}""");
        string second = await RestAsync(server, $$"""{"model":"second","image":"data:image/png;base64,{{left}}"}"""), half = await RestAsync(server, $$"""{"model":"first-canny","image":"{{left}}","weight":0.5}""");
        // A net takes memory of the budget beside its model, and gives that of the one before it back.
        Assert.Equal(new FileInfo(Path.Combine(server.Folder, "controlnets", "first-canny.safetensors")).Length / 1e9, (await MemoryAsync(server) - alone) / 1e9, 0.02);
        Assert.Equal(6, new[] { none, followed, other, canny, second, half }.Distinct().Count());
        // Nothing that was followed before is left, and a weight of nothing is as without.
        Assert.Equal(none, await RestAsync(server, $$"""{"model":"more/second","image":"{{left}}","weight":0}"""));
        Assert.Equal(followed, await RestAsync(server, $$"""{"model":"FIRST-CANNY.safetensors","image":"{{right}}","preprocessor":"invert"}"""));
        Assert.Equal(none, await RestAsync(server, ""));

        foreach (string unit in (string[])
        [
            $$"""{"image":"{{left}}","model":"first-canny [0a1b2c3d]","module":"none","pixel_perfect":true}""",
            $$"""{"input_image":"data:image/png;base64,{{left}}","model":"first-canny","enabled":true,"lowvram":false,"guidance":1}""",
            $$"""{"image":{"image":"{{left}}","mask":null},"model":"first-canny","weight":1.0,"module":"None","control_mode":"Balanced","guidance_start":0,"guidance_end":1}""",
        ])
        {
            (string pixels, JsonElement said) = await A1111Async(server, unit, unit.Contains("input_image", StringComparison.Ordinal) ? "ControlNet" : "controlnet");
            Assert.Equal(followed, pixels);
            Assert.Equal(0, said.GetProperty("notes").GetArrayLength());
            Assert.Equal("Module: none, Model: first-canny, Weight: 1", said.GetProperty("extra_generation_params").GetProperty("ControlNet 0").GetString());
            Assert.Contains("ControlNet 0: \"Module: none, Model: first-canny, Weight: 1\"", said.GetProperty("infotexts")[0].GetString(), StringComparison.Ordinal);
        }

        (string two, JsonElement info) = await A1111Async(
            server, $$"""{"image":"{{left}}","model":"first-canny","guidance_end":0.5,"control_mode":2},{"image":"{{left}}","model":"second"},{"enabled":false,"image":"{{left}}"}""");
        Assert.Equal(followed, two);
        Assert.Equal(
            ["ControlNet unit 0: not the engine's, and done otherwise: guidance from 0 to 0.5 (it is followed from the first step to the last), control_mode 2 (it is balanced)", "ControlNet unit 1: the engine follows one ControlNet at a time; it is left out"],
            info.GetProperty("notes").EnumerateArray().Select(note => note.GetString()));
        foreach ((string unit, string note) in ((string, string)[])
        [
            ($$"""{"image":"{{left}}","model":"first-canny","module":"depth_midas"}""", "there is no module 'depth_midas' here"), ("""{"enabled":true,"model":"first-canny"}""", "it has no image"),
            ($$"""{"image":"{{left}}","model":"nothing"}""", "nothing is not a ControlNet"), ($$"""{"image":"{{left}}"}""", "it names no model"),
        ])
        {
            (string without, info) = await A1111Async(server, unit, images: 1);
            Assert.Equal(none, without);
            Assert.Contains(note, info.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        }

        await MapsAsync(server, left);
        (HttpStatusCode status, JsonElement openAi) = await server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json(
            $$"""{"model":"hollow","prompt":"x","steps":1,"seed":1,"size":"64x64","control":[{"model":"first-canny","image":"{{left}}"}]}"""));
        Assert.True(status == HttpStatusCode.OK, openAi.ToString());
        Assert.Equal(followed, Convert.ToHexString(new PngFile(openAi.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels));
        using (MultipartFormDataContent form = StudioServer.Form(null, ("model", "hollow"), ("prompt", "x"), ("steps", "1"), ("seed", "1"), ("control", """[{"model":"first-canny"}]""")))
        {
            form.Add(new ByteArrayContent(Convert.FromBase64String(left)), "control_image", "left.png");
            (_, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/generate", form);
            string id = body.GetProperty("data")[0].GetProperty("id").GetString()!;
            Assert.Equal(followed, Convert.ToHexString((await server.ImageAsync(id)).Pixels));
            (_, JsonElement again) = await server.SendAsync(HttpMethod.Post, $"/api/images/{id}/reproduce");
            Assert.True(again.GetProperty("same").GetBoolean(), again.ToString());
        }

        await using StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{server.Http.BaseAddress}}", api_model: hollow, default_size: "64x64", generation_params: {cfg_scale: 1} } }"""));
        Assert.Equal(followed, await RestAsync(near, $$"""{"model":"first-canny","image":"{{left}}"}""", "far"));
        await ListsAsync(server);
        await RefusalsAsync(server, left);
    }

    // As the extension appends it: what the net saw, and not where a unit or the settings say no.
    private static async Task MapsAsync(StudioServer server, string left)
    {
        (_, JsonElement detected) = await server.SendAsync(HttpMethod.Post, "/controlnet/detect", StudioServer.Json($$"""{"controlnet_module":"canny","controlnet_input_images":["{{left}}"]}"""));
        string unit = $$"""{"image":"{{left}}","model":"first-canny","module":"canny"}""";
        string request = $$"""{"prompt":"x","steps":1,"seed":1,"cfg_scale":1,"width":64,"height":64,"batch_size":2,"override_settings":{"sd_model_checkpoint":"Hollow"},"alwayson_scripts":{"controlnet":{"args":[{{unit}}]} } }""";
        (_, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(request));
        Assert.Equal(3, body.GetProperty("images").GetArrayLength());
        Assert.Equal(new PngFile(detected.GetProperty("images")[0].GetBytesFromBase64()).Pixels, new PngFile(body.GetProperty("images")[2].GetBytesFromBase64()).Pixels);
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        Assert.Equal(2, info.RootElement.GetProperty("all_seeds").GetArrayLength());
        foreach (string without in (string[])
        [
            request.Replace("\"module\":\"canny\"", "\"module\":\"canny\",\"save_detected_map\":false", StringComparison.Ordinal),
            request.Replace("\"Hollow\"", "\"Hollow\",\"control_net_no_detected_map\":true", StringComparison.Ordinal),
        ])
        {
            (_, JsonElement alone) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(without));
            Assert.Equal(2, alone.GetProperty("images").GetArrayLength());
        }
    }

    private static async Task<long> MemoryAsync(StudioServer server) => (await server.GetAsync("/api/models")).Body.GetProperty("memory").GetProperty("ram_bytes").GetInt64();

    private static async Task ListsAsync(StudioServer server)
    {
        (_, JsonElement models) = await server.GetAsync("/controlnet/model_list");
        Assert.Equal(["first-canny", "more/second", "nothing"], models.GetProperty("model_list").EnumerateArray().Select(name => name.GetString()));
        (_, JsonElement types) = await server.GetAsync("/controlnet/control_types");
        Assert.Equal("first-canny", types.GetProperty("control_types").GetProperty("Canny").GetProperty("default_model").GetString());
        Assert.Equal(["none", "canny", "invert"], (await server.GetAsync("/controlnet/module_list")).Body.GetProperty("module_list").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(2, (await server.GetAsync("/controlnet/version")).Body.GetProperty("version").GetInt32());
        Assert.Equal(1, (await server.GetAsync("/controlnet/settings")).Body.GetProperty("control_net_unit_count").GetInt32());
        Assert.Equal(3, (await server.GetAsync("/sdapi/v1/controlnets")).Body.GetArrayLength());
        (_, JsonElement all) = await server.GetAsync("/api/models");
        Assert.Equal(["first-canny", "more/second"], all.GetProperty("models")[0].GetProperty("control_nets").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(0, all.GetProperty("models")[1].GetProperty("control_nets").GetArrayLength());

        (_, JsonElement detected) = await server.SendAsync(HttpMethod.Post, "/controlnet/detect", StudioServer.Json(
            $$"""{"controlnet_module":"canny","controlnet_input_images":["{{Half(isLeft: true)}}"],"controlnet_processor_res":512,"controlnet_threshold_a":100,"controlnet_threshold_b":200}"""));
        var edges = new PngFile(detected.GetProperty("images")[0].GetBytesFromBase64());
        Assert.Equal((0, 0, 0), edges.At(.2, .5));
        Assert.Contains(Enumerable.Range(30, 5), x => edges.Pixels[((32 * 64) + x) * 3] > 127);
    }

    private static async Task RefusalsAsync(StudioServer server, string image)
    {
        foreach ((string json, string reason) in ((string, string)[])
        [
            ($$"""{"model":"demo","prompt":"x","control":[{"model":"first-canny","image":"{{image}}"}]}""", "control: the engine has ControlNets for Sd1, Sd2, Sdxl, and the model demo is ZImage"),
            ($$"""{"model":"hollow","prompt":"x","control":[{"model":"third","image":"{{image}}"}]}""", "control: there is no ControlNet 'third'; allowed is one of: first-canny, more/second"),
            ($$"""{"model":"hollow","prompt":"x","control":[{"model":"../models/demo-taesd","image":"{{image}}"}]}""", "there is no ControlNet"),
            ($$"""{"model":"hollow","prompt":"x","control":[{"image":"{{image}}"}]}""", "control: model is missing"), ("""{"model":"hollow","prompt":"x","control":[{"model":"second"}]}""", "control: image is missing"),
            ($$"""{"model":"hollow","prompt":"x","control":[{"model":"second","image":"{{image}}","weight":3}]}""", "control: weight is '3'; allowed is a number from 0 to 2"),
            ($$"""{"model":"hollow","prompt":"x","control":[{"model":"second","image":"{{image}}","preprocessor":"depth"}]}""", "control: preprocessor is 'depth'; allowed is one of: none, canny, invert"),
            ("""{"model":"hollow","prompt":"x","control":["second"]}""", "control: each is"), ("""{"model":"hollow","prompt":"x","control":"second"}""", "control is second; allowed is a list"),
        ])
        {
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/generate", StudioServer.Json(json));
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(reason, Shape.Error(body), StringComparison.Ordinal);
        }
    }
}
