using System.Net;
using System.Text.Json;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Tests;

/// <summary>Speed at the cost of exactness: asked for by its name, by OpenAI's quality, or by the model's entry, and told in what comes back.</summary>
public sealed class SpeedTests(Workshop studio)
{
    private const string Model =
        """args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"], default_size: "32x32" """;

    private async Task<StudioServer> StartAsync() => await StudioServer.StartAsync(studio.NewDataFolder(
        $$"""
        models:
          demo: {name: Demo, generation_params: {cfg_scale: 1, sample_steps: 20}, step_cache: {fast: "easycache:0.3,0.1,0.9", fastest: "easycache:5,0.05,1"}, quality: {low: fastest, high: exact}, {{Model}} }
          always: {name: Always, generation_params: {cfg_scale: 1, sample_steps: 20, speed: fastest}, step_cache: {fastest: "easycache:5,0.05,1", fast: "hurry:1"}, {{Model}} }
        """));

    private static async Task<(string Pixels, JsonElement Job, string Infotext)> GenerateImagesAsync(StudioServer server, string more, string model = "demo")
    {
        (string id, string[] images) = await server.GenerateImagesAsync($$"""{"model":"{{model}}","prompt":"a red circle","seed":1{{more}}}""");
        PngFile image = await server.ImageAsync(images[0]);
        return (Convert.ToHexString(image.Pixels), await server.GenerationAsync(id), image.Infotext().Text);
    }

    [Fact]
    public async Task Steps_are_left_out_and_counted_only_when_that_was_asked_for()
    {
        await using StudioServer server = await StartAsync();
        (string usual, JsonElement job, string infotext) = await GenerateImagesAsync(server, "");
        Assert.Equal(JsonValueKind.Null, job.GetProperty("steps_skipped").ValueKind);
        Assert.DoesNotContain("Step cache", infotext, StringComparison.Ordinal);
        Assert.Equal(usual, (await GenerateImagesAsync(server, ",\"speed\":\"exact\"")).Pixels);

        (string fastest, job, infotext) = await GenerateImagesAsync(server, ",\"speed\":\"fastest\"");
        Assert.InRange(job.GetProperty("steps_skipped").GetInt32(), 5, 19);
        Assert.NotEqual(usual, fastest);
        Assert.Contains("Speed: fastest, ", infotext, StringComparison.Ordinal);
        Assert.Contains("Step cache: \"easycache:5,0.05,1\", ", infotext, StringComparison.Ordinal);

        Assert.Equal(fastest, (await GenerateImagesAsync(server, ",\"quality\":\"low\"")).Pixels);
        Assert.Equal(usual, (await GenerateImagesAsync(server, ",\"quality\":\"low\",\"speed\":\"exact\"")).Pixels);
        Assert.Equal(usual, (await GenerateImagesAsync(server, ",\"quality\":\"high\"")).Pixels);
        Assert.Equal(fastest, (await GenerateImagesAsync(server, "", "always")).Pixels);
        Assert.Equal(usual, (await GenerateImagesAsync(server, ",\"speed\":\"exact\"", "always")).Pixels);
        (_, JsonElement a1111) = await server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a red circle","seed":1,"speed":"fastest"}"""));
        Assert.Equal(fastest, Convert.ToHexString(new PngFile(a1111.GetProperty("images")[0].GetBytesFromBase64()).Pixels));
        (HttpStatusCode status, JsonElement openAi) = await server.SendAsync(
            HttpMethod.Post, "/v1/images/generations", StudioServer.Json("""{"model":"demo","prompt":"a red circle","seed":1,"quality":"low"}"""));
        Assert.True(status == HttpStatusCode.OK, openAi.ToString());
        Assert.Equal(fastest, Convert.ToHexString(new PngFile(openAi.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels));

        // Another studio is asked for the speed, and says what it left out.
        await using (StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{server.Http.BaseAddress}}", api_model: demo, default_size: "32x32", generation_params: {cfg_scale: 1, sample_steps: 20} } }""")))
        {
            Assert.Equal(fastest, (await GenerateImagesAsync(near, ",\"speed\":\"fastest\"", "far")).Pixels);
            Assert.Equal(usual, (await GenerateImagesAsync(near, ",\"speed\":\"exact\"", "far")).Pixels);
            Assert.Equal(JsonValueKind.Null, (await near.GetAsync("/api/models/far")).Body.GetProperty("speeds").ValueKind);
        }

        (_, JsonElement models) = await server.GetAsync("/api/models");
        JsonElement speeds = models.GetProperty("models")[0].GetProperty("speeds");
        Assert.Equal(JsonValueKind.Null, speeds.GetProperty("fast").ValueKind);
        Assert.InRange(speeds.GetProperty("exact").GetProperty("jobs").GetInt32(), 4, 20);
        Assert.Equal(1, speeds.GetProperty("exact").GetProperty("times_as_fast").GetDouble());
        Assert.InRange(speeds.GetProperty("fastest").GetProperty("jobs").GetInt32(), 4, 20);
        Assert.True(speeds.GetProperty("fastest").GetProperty("times_as_fast").GetDouble() > 0 && speeds.GetProperty("fastest").GetProperty("ms_per_step_megapixel").GetDouble() > 0, speeds.ToString());
        Assert.Equal("""{"fast":"easycache:0.3,0.1,0.9","fastest":"easycache:5,0.05,1"}""", models.GetProperty("models")[0].GetProperty("step_caches").GetRawText());
        // What cannot be read is ignored: the family's own.
        Assert.Equal("easycache:0.2,0.15,0.95", models.GetProperty("models")[1].GetProperty("step_caches").GetProperty("fast").GetString());
    }

    [Theory]
    [InlineData("easycache:0.2,0.15,0.95", true)]
    [InlineData("ucache", true)]
    [InlineData("spectrum:1", true)]
    [InlineData("hurry:1", false)]
    [InlineData("easycache:x", false)]
    [InlineData("easycache:1,0.9,0.1", false)]
    [InlineData("easycache:1,2", false)]
    [InlineData("easycache:1,0,1,1", false)]
    public void A_step_cache_is_read_as_it_is_written(string text, bool isOne)
    {
        Assert.Equal(isOne, StepCacheSetting.TryParse(text, out StepCacheSetting? cache));
        if (isOne)
            Assert.Equal(text, cache!.ToString());
    }
}
