using System.Net;
using System.Text.Json;
using SdCpp.Interop;
using SdCpp.Interop.Tests;

namespace SdStudio.Server.Tests;

/// <summary>Textual inversions, and decoders in place of a model's own.</summary>
public sealed class WordsAndDecodersTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Textual_inversions_change_the_image_and_are_listed()
    {
        string folder = studio.NewDataFolder("models: {}\n");
        DiffusionModelOptions hollow = HollowSd1.Write(Path.Combine(folder, "models", "hollow"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        Directory.CreateDirectory(Path.Combine(folder, "embeddings", "more"));
        HollowSd1.WriteEmbedding(Path.Combine(folder, "embeddings", "zwonk.safetensors"), seed: 7);
        HollowSd1.WriteEmbedding(Path.Combine(folder, "embeddings", "half.safetensors"), seed: 7, isHalf: true);
        File.CreateSymbolicLink(Path.Combine(folder, "embeddings", "nothing.gguf"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "models.yml"),
            $$"""
            models:
              hollow: {name: Hollow, default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 1}, args: ["--model", "{{hollow.ModelPath}}", "--taesd", "{{hollow.TaesdPath}}"]}
            """, Cancellation);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        async Task<string> GenerateImagesAsync(string prompt) => Convert.ToHexString((await server.GenerateOneAsync($$"""{"model":"hollow","prompt":"{{prompt}}","seed":1}""")).Pixels);

        string without = await GenerateImagesAsync("a"), zwonk = await GenerateImagesAsync("a embedding:zwonk");
        Assert.NotEqual(without, zwonk);
        Assert.Equal((zwonk, without), (await GenerateImagesAsync("a zwonk"), await GenerateImagesAsync("a cat")));
        await EverywhereAsync(server, zwonk);
        (_, JsonElement list) = await server.GetAsync("/sdapi/v1/embeddings");
        JsonProperty loaded = Assert.Single(list.GetProperty("loaded").EnumerateObject());
        Assert.Equal(("zwonk", 2, 768), (loaded.Name, loaded.Value.GetProperty("vectors").GetInt32(), loaded.Value.GetProperty("shape").GetInt32()));
        // The engine would take it for noise.
        Assert.Equal("half", Assert.Single(list.GetProperty("skipped").EnumerateObject()).Name);
        // A new file is known after a refresh, and the model is loaded again with it.
        HollowSd1.WriteEmbedding(Path.Combine(folder, "embeddings", "more", "blimf.safetensors"), seed: 8);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, "/sdapi/v1/refresh-embeddings")).Status);
        string blimf = await GenerateImagesAsync("a blimf");
        Assert.Equal(3, new[] { without, zwonk, blimf }.Distinct().Count());
        Assert.Equal((zwonk, blimf), (await GenerateImagesAsync("a zwonk"), await GenerateImagesAsync("a EMBEDDING:blimf")));
        (_, list) = await server.GetAsync("/sdapi/v1/embeddings");
        Assert.Equal(["blimf", "zwonk"], list.GetProperty("loaded").EnumerateObject().Select(known => known.Name));
    }

    // The word is what it is on every surface, in infotexts and for another server.
    private async Task EverywhereAsync(StudioServer server, string zwonk)
    {
        (_, JsonElement a1111) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a zwonk","seed":1,"width":64,"height":64,"steps":1,"cfg_scale":1}"""));
        var image = new PngFile(a1111.GetProperty("images")[0].GetBytesFromBase64());
        Assert.Equal(zwonk, Convert.ToHexString(image.Pixels));
        Assert.StartsWith("a zwonk\n", image.Infotext().Text, StringComparison.Ordinal);
        (_, JsonElement openAi) = await server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json("""{"model":"hollow","prompt":"a embedding:zwonk","seed":1,"size":"64x64"}"""));
        Assert.Equal(zwonk, Convert.ToHexString(new PngFile(openAi.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels));
        await using StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{server.Http.BaseAddress}}", api_model: hollow, default_size: "64x64", generation_params: {cfg_scale: 1, sample_steps: 1} } }"""));
        Assert.Equal(zwonk, Convert.ToHexString((await near.GenerateOneAsync("""{"model":"far","prompt":"a zwonk","seed":1}""")).Pixels));
    }

    [Fact]
    public async Task A_lora_of_a_sub_folder_is_the_same_on_every_surface()
    {
        string folder = studio.NewDataFolder();
        Directory.CreateDirectory(Path.Combine(folder, "loras", "styles"));
        TestLora.Write(Path.Combine(folder, "loras", "styles", "ink.safetensors"), new Dictionary<string, string>(), strength: 0.5f);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        await using StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{server.Http.BaseAddress}}", api_model: demo, default_size: "64x64", generation_params: {cfg_scale: 1} } }"""));
        Directory.CreateDirectory(Path.Combine(near.Folder, "loras"));
        File.Copy(Path.Combine(folder, "loras", "styles", "ink.safetensors"), Path.Combine(near.Folder, "loras", "ink.safetensors"));
        const string Request = """{"model":"demo","prompt":"a red circle","size":"64x64","steps":2,"seed":1,"cfg_scale":1}""";
        string With(string more, string prompt = "a red circle", string model = "demo") => Request.Replace("a red circle", prompt, StringComparison.Ordinal).Replace("demo", model, StringComparison.Ordinal).Replace("}", more + "}", StringComparison.Ordinal);

        PngFile none = await server.GenerateOneAsync(Request), ink = await server.GenerateOneAsync(With(",\"loras\":[{\"name\":\"styles/ink\",\"weight\":0.8}]"));
        Assert.NotEqual(none.Pixels, ink.Pixels);
        Assert.StartsWith("a red circle <lora:styles/ink:0.8>\n", ink.Infotext().Text, StringComparison.Ordinal);
        Assert.Equal(none.Pixels, (await server.GenerateOneAsync(With(",\"loras\":[{\"name\":\"ink\",\"weight\":0}]"))).Pixels);
        Assert.Equal(ink.Pixels, (await server.GenerateOneAsync(With("", "a red circle <lora:ink:0.8>"))).Pixels);
        (_, JsonElement a1111) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a red circle <lora:styles/ink:0.8>","width":64,"height":64,"steps":2,"seed":1,"cfg_scale":1}"""));
        Assert.Equal(ink.Pixels, new PngFile(a1111.GetProperty("images")[0].GetBytesFromBase64()).Pixels);
        (_, JsonElement openAi) = await server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json(With("", "a red circle <lora:ink:0.8>")));
        Assert.Equal(ink.Pixels, new PngFile(openAi.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64()).Pixels);
        Assert.Equal(ink.Pixels, (await near.GenerateOneAsync(With(",\"loras\":[{\"name\":\"ink\",\"weight\":0.8}]", model: "far"))).Pixels);
    }

    [Fact]
    public async Task Another_decoder_is_used_for_a_request()
    {
        string folder = studio.NewDataFolder();
        Directory.CreateDirectory(Path.Combine(folder, "vae"));
        File.CreateSymbolicLink(Path.Combine(folder, "vae", "other.gguf"), Path.Combine(folder, "models", "demo-taesd.gguf"));
        File.CreateSymbolicLink(Path.Combine(folder, "vae", "broken.gguf"), Path.Combine(folder, "models", "black-taesd.gguf"));
        await using StudioServer server = await StudioServer.StartAsync(folder);
        const string Request = """{"model":"demo","prompt":"a red circle","size":"64x64","steps":2,"seed":1}""";
        PngFile own = await server.GenerateOneAsync(Request);
        PngFile other = await server.GenerateOneAsync(Request.Replace("}", ",\"vae\":\"other\"}", StringComparison.Ordinal));
        Assert.Equal(own.Pixels, other.Pixels);
        Assert.Contains("VAE: other, ", other.Infotext().Text, StringComparison.Ordinal);
        // Its decoder is used and not the model's: that one makes no black images.
        (HttpStatusCode failed, JsonElement black) = await server.GenerateAsync(Request.Replace("}", ",\"vae\":\"broken\"}", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.InternalServerError, failed);
        Assert.Contains("all-black image", Shape.Error(black), StringComparison.Ordinal);
        Assert.Equal(own.Pixels, (await server.GenerateOneAsync(Request)).Pixels);
        Assert.Equal(own.Pixels, (await server.GenerateOneAsync(Request.Replace("}", ",\"vae\":\"Automatic\"}", StringComparison.Ordinal))).Pixels);

        async Task<(string Pixels, string Notes)> A1111Async(string vae)
        {
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json(
                $$"""{"prompt":"a red circle","width":64,"height":64,"steps":2,"seed":1,"override_settings":{"sd_vae":"{{vae}}"} }"""));
            Assert.True(status == HttpStatusCode.OK, body.ToString());
            using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
            return (Convert.ToHexString(new PngFile(body.GetProperty("images")[0].GetBytesFromBase64()).Pixels), info.RootElement.GetProperty("notes").ToString());
        }

        Assert.Equal((Convert.ToHexString(other.Pixels), "[]"), await A1111Async("other.gguf"));
        Assert.Equal((Convert.ToHexString(own.Pixels), "[]"), await A1111Async("Automatic"));
        Assert.Contains("sd_vae: there is no file 'third' here", (await A1111Async("third")).Notes, StringComparison.Ordinal);
        (HttpStatusCode openAi, JsonElement said) = await server.SendAsync(HttpMethod.Post, "/v1/images/generations", StudioServer.Json(Request.Replace("}", ",\"vae\":\"broken\"}", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.InternalServerError, openAi);
        Assert.Contains("all-black image", said.ToString(), StringComparison.Ordinal);
        await using (StudioServer near = await StudioServer.StartAsync(studio.NewDataFolder(
            $$"""models: { far: { name: "Far", exec_mode: api, api: "{{server.Http.BaseAddress}}", api_model: demo, default_size: "64x64", generation_params: {cfg_scale: 1} } }""")))
        {
            Assert.Equal(own.Pixels, (await near.GenerateOneAsync(Request.Replace("demo", "far", StringComparison.Ordinal).Replace("}", ",\"vae\":\"other\"}", StringComparison.Ordinal))).Pixels);
            (_, JsonElement far) = await near.GenerateAsync(Request.Replace("demo", "far", StringComparison.Ordinal).Replace("}", ",\"vae\":\"broken\"}", StringComparison.Ordinal));
            Assert.Contains("all-black image", Shape.Error(far), StringComparison.Ordinal);
        }

        (_, JsonElement list) = await server.GetAsync("/sdapi/v1/sd-vae");
        Assert.Equal(["broken.gguf", "other.gguf"], list.EnumerateArray().Select(vae => vae.GetProperty("model_name").GetString()));
        (HttpStatusCode refused, JsonElement error) = await server.GenerateAsync("""{"model":"demo","prompt":"x","vae":"../models/demo-taesd.gguf"}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused);
        Assert.Contains("vae is '../models/demo-taesd.gguf'; allowed is one of: broken.gguf, other.gguf", Shape.Error(error), StringComparison.Ordinal);
    }
}
