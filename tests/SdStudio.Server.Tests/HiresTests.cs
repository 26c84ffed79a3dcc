using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SdStudio.Server.Tests;

/// <summary>The second pass: by the engine's latent upscalers, and with words and sampling of its own.</summary>
public sealed class HiresTests(Workshop studio)
{
    private static readonly (int, int, int) Red = (219, 26, 31);
    private static readonly (int, int, int) Green = (26, 158, 56);

    private async Task<PngFile> GenerateImagesAsync(string more) => await studio.Server.GenerateOneAsync(
        $$"""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":8,"seed":1,"hires_scale":2,{{more}}}""");

    private async Task<(PngFile Image, JsonElement Info)> A1111Async(string more)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(
            $$"""{"prompt":"a red circle on a blue background","width":64,"height":64,"steps":8,"seed":1,"enable_hr":true,"hr_scale":2,{{more}}}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        return (new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()), info.RootElement.Clone());
    }

    [Theory]
    [InlineData("Latent")]
    [InlineData("latent (nearest-exact)")]
    public async Task Latents_are_upscaled_by_the_engine(string upscaler)
    {
        PngFile latent = await GenerateImagesAsync($"\"hires_upscaler\":\"{upscaler}\",\"hires_strength\":0.7");
        PngFile lanczos = await GenerateImagesAsync("\"hires_upscaler\":\"Lanczos\",\"hires_strength\":0.7");

        Assert.Equal((128, 128), (latent.Width, latent.Height));
        latent.ShowsAt(.5, .5, Red);
        Assert.NotEqual(lanczos.Pixels, latent.Pixels);
        Assert.Contains($"Hires upscaler: {upscaler}", latent.Infotext().Text, StringComparison.OrdinalIgnoreCase);
        (PngFile same, JsonElement info) = await A1111Async($"\"hr_upscaler\":\"{upscaler}\",\"denoising_strength\":0.7");
        Assert.Equal(latent.Pixels, same.Pixels);
        Assert.Equal(0, info.GetProperty("notes").GetArrayLength());
        Assert.Equal(latent.Pixels, await OpenAiAsync($"\"hires_upscaler\":\"{upscaler}\",\"hires_strength\":0.7"));
    }

    [Fact]
    public async Task Another_server_makes_both_passes()
    {
        await using StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{studio.Server.Http.BaseAddress}}", api_model: demo, default_size: "64x64", generation_params: {cfg_scale: 1} } }"""));
        const string own = "\"hires_strength\":1,\"hires_prompt\":\"a green circle on a blue background\",\"hires_sampler\":\"euler_a\",\"hires_steps\":4,\"cfg_scale\":1";

        PngFile here = await GenerateImagesAsync(own);
        PngFile far = await near.GenerateOneAsync($$"""{"model":"far","prompt":"a red circle on a blue background","size":"64x64","steps":8,"seed":1,"hires_scale":2,{{own}}}""");

        Assert.Equal((128, 128), (far.Width, far.Height));
        Assert.Equal(here.Pixels, far.Pixels);
        Assert.Contains("Size: 64x64", far.Infotext().Text, StringComparison.Ordinal);
        Assert.Contains("Hires resize: 128x128", far.Infotext().Text, StringComparison.Ordinal);
    }

    private async Task<byte[]> OpenAiAsync(string more)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json(
            $$"""{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":8,"seed":1,"hires_scale":2,{{more}}}"""));
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return new PngFile(body.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels;
    }

    [Fact]
    public async Task The_second_pass_has_words_and_sampling_of_its_own()
    {
        PngFile own = await GenerateImagesAsync("\"hires_strength\":1,\"hires_prompt\":\"a green circle on a blue background\",\"hires_sampler\":\"euler_a\",\"hires_scheduler\":\"simple\",\"hires_cfg_scale\":1");
        own.ShowsAt(.5, .5, Green);
        string infotext = own.Infotext().Text;
        Assert.StartsWith("a red circle on a blue background\n", infotext, StringComparison.Ordinal);
        Assert.Contains("Hires prompt: a green circle on a blue background, Hires sampler: Euler a, Hires schedule type: Simple, Hires CFG Scale: 1", infotext, StringComparison.Ordinal);

        (PngFile same, JsonElement info) = await A1111Async(
            "\"denoising_strength\":1,\"hr_prompt\":\"a green circle on a blue background\",\"hr_sampler_name\":\"Euler a\",\"hr_scheduler\":\"Simple\",\"hr_cfg\":1,\"hr_upscaler\":\"Lanczos\"");
        Assert.Equal(own.Pixels, same.Pixels);
        Assert.Equal(0, info.GetProperty("notes").GetArrayLength());
        (same, info) = await A1111Async("\"denoising_strength\":1,\"hr_prompt\":\"a green circle on a blue background\",\"hr_upscaler\":\"Latent\"");
        same.ShowsAt(.5, .5, Green);
        Assert.Contains("hr_upscaler 'Latent' does not go with hr_prompt", info.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        // What clients send that leave it alone.
        (same, info) = await A1111Async("\"denoising_strength\":0.2,\"hr_prompt\":\"\",\"hr_negative_prompt\":\"\",\"hr_sampler_name\":null,\"hr_scheduler\":\"Use same scheduler\",\"hr_cfg\":0");
        same.ShowsAt(.5, .5, Red);
        Assert.Equal(0, info.GetProperty("notes").GetArrayLength());
    }

    [Fact]
    public async Task Another_model_makes_the_second_pass_as_image_to_image_by_hand_would()
    {
        string folder = FolderOfTwoModels();
        const string words = "\"prompt\":\"a red circle on a blue background\",\"steps\":8,\"seed\":1,\"cfg_scale\":1,\"sampler\":\"euler\"";
        const string twice = $"{words},\"model\":\"demo\",\"size\":\"64x64\",\"hires_scale\":2,\"hires_strength\":0.5,\"hires_model\":\"other\"";
        byte[] pixels;
        await using (StudioServer server = await StudioServer.StartAsync(folder))
        {
            byte[] first = await server.Http.GetByteArrayAsync($"/api/images/{(await server.GenerateImagesAsync($"{{{words},\"model\":\"demo\",\"size\":\"64x64\"}}")).Images[0]}", TestContext.Current.CancellationToken);
            byte[] same = await OverAsync(server, first, "demo");
            pixels = await OverAsync(server, first, "other");
            Assert.NotEqual(same, pixels);

            (_, string[] images) = await server.GenerateImagesAsync($"{{{twice}}}");
            PngFile image = await server.ImageAsync(images[0]);
            Assert.Equal(pixels, image.Pixels);
            Assert.Contains("Hires upscaler: Lanczos, Hires checkpoint: other, ", image.Infotext().Text, StringComparison.Ordinal);
            (_, JsonElement again) = await server.SendAsync(HttpMethod.Post, $"/api/images/{images[0]}/reproduce");
            Assert.True(again.GetProperty("same").GetBoolean(), again.ToString());
            (_, JsonElement parameters) = await server.GetAsync($"/api/images/{images[0]}/parameters");
            Assert.Equal("other", parameters.GetProperty("hires_model").GetString());
            (_, JsonElement read) = await server.SendAsync(HttpMethod.Post, "/api/settings/read", StudioServer.Json(new JsonObject { ["text"] = image.Infotext().Text }.ToJsonString()));
            Assert.Equal("other", read.GetProperty("request").GetProperty("hires_model").GetString());

            (_, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(
                $"{{{words},\"sampler_name\":\"Euler\",\"width\":64,\"height\":64,\"enable_hr\":true,\"hr_scale\":2,\"denoising_strength\":0.5,\"hr_checkpoint_name\":\"Another model\"}}"));
            Assert.Equal(pixels, new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()).Pixels);
            Assert.Contains("\"notes\":[]", body.GetProperty("info").GetString(), StringComparison.Ordinal);
            (_, body) = await server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json($"{{{twice}}}"));
            Assert.Equal(pixels, new PngFile(body.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels);
            await using StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
                $$"""models: { far: { name: "Far", exec_mode: api, api: "{{server.Http.BaseAddress}}", api_model: demo, default_size: "64x64" } }"""));
            Assert.Equal(pixels, (await near.GenerateOneAsync($"{{{twice.Replace("\"demo\"", "\"far\"", StringComparison.Ordinal)}}}")).Pixels);
        }

        // Where memory has room for one of them, they make way for each other with every image.
        StudioServer.Query(folder, "UPDATE model_memory SET ram = CAST($value AS INTEGER), vram = 0", "600000000");
        await using StudioServer small = await StudioServer.StartAsync(folder, "--SdStudio:Models:MemoryMiB=1000");
        (_, string[] two) = await small.GenerateImagesAsync($"{{{twice},\"n\":2}}");
        Assert.Equal(2, two.Length);
        Assert.Equal(pixels, (await small.ImageAsync(two[0])).Pixels);
    }

    // The second one lost some of its weights.
    private string FolderOfTwoModels()
    {
        string folder = studio.NewDataFolder(
            """
            models:
              demo: { name: Demo, args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"] }
              other: { name: Another model, args: ["--diffusion-model", "models/other-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"] }
            """);
        byte[] denoiser = File.ReadAllBytes(Path.Combine(folder, "models", "demo-diffusion.gguf"));
        denoiser.AsSpan(denoiser.Length / 2, denoiser.Length / 64).Clear();
        File.WriteAllBytes(Path.Combine(folder, "models", "other-diffusion.gguf"), denoiser);
        return folder;
    }

    private static async Task<byte[]> OverAsync(StudioServer server, byte[] first, string model)
    {
        using MultipartFormDataContent form = StudioServer.Form(
            first, ("model", model), ("prompt", "a red circle on a blue background"), ("size", "128x128"), ("steps", "8"), ("seed", "1"), ("cfg_scale", "1"), ("sampler", "euler"), ("strength", "0.5"));
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/edit", form);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return (await server.ImageAsync(body.GetProperty("data")[0].GetProperty("id").GetString()!)).Pixels;
    }

    [Theory]
    [InlineData("\"hires_scale\":2,\"hires_model\":\"none\"", "hires_model is 'none'; there is no such model here. Available models: ")]
    [InlineData("\"hires_scale\":2,\"hires_model\":\"missing\"", "hires_model is 'missing'; its files are not on this machine")]
    [InlineData("\"hires_scale\":2,\"hires_model\":\"tiny\",\"hires_upscaler\":\"Latent\"", "upscales inside the engine, in one call with the first pass")]
    [InlineData("\"hires_scale\":2,\"hires_upscaler\":\"Latent\",\"hires_prompt\":\"x\"", "upscales inside the engine, in one call with the first pass")]
    [InlineData("\"hires_width\":32,\"hires_upscaler\":\"Latent\"", "cannot make an image smaller: the result would have 32x32, and the first pass has 64x64")]
    [InlineData("\"hires_scale\":2,\"hires_upscaler\":\"Wishes\"", ", Nearest, Latent, Latent (antialiased), ")]
    [InlineData("\"hires_scale\":2,\"hires_sampler\":\"dowsing\"", "hires_sampler is 'dowsing'")]
    [InlineData("\"hires_scale\":2,\"hires_cfg_scale\":101", "hires_cfg_scale is '101'")]
    public async Task What_makes_no_sense_is_refused(string fields, string reason)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/api/queue/generate", StudioServer.Json($$"""{"model":"demo","prompt":"x","size":"64x64",{{fields}}}"""));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, Shape.Error(body), StringComparison.Ordinal);
    }
}
